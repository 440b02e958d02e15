-- @description: How often each route arrives on time
-- @owner: analytics
-- @tags: report
select
    origin,
    dest,
    destination,
    count(*) as flights,
    {{ percent('arrival_delay < ' ~ var('late_minutes')) }} as on_time_percent,
    median(arrival_delay) as median_arrival_delay
from {{ ref('silver.flights') }}
where not cancelled
group by origin, dest, destination
having count(*) >= {{ var('min_flights') }}
order by on_time_percent desc, origin, dest
