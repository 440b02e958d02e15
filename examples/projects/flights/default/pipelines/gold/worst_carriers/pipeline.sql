-- @description: The five carriers that arrive latest
-- @materialized: view
-- @tags: report
select carrier, airline, flights, average_arrival_delay
from {{ ref('gold.carrier_delays') }}
order by average_arrival_delay desc
limit 5
