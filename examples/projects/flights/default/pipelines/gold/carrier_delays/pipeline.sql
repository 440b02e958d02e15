-- @description: How late each carrier leaves and arrives
-- @owner: analytics
-- @tags: report
select
    carrier,
    airline,
    count(*) as flights,
    count(*) filter (where cancelled) as cancelled,
    round(avg(departure_delay), 2) as average_departure_delay,
    round(avg(arrival_delay), 2) as average_arrival_delay,
    {{ percent('arrival_delay >= ' ~ var('late_minutes')) }} as late_percent
from {{ ref('silver.flights') }}
group by carrier, airline
order by average_arrival_delay desc
