-- @description: One row a flight: typed, with its carrier, plane, destination and the weather at departure
-- @owner: operations
-- @tags: flights
-- @merge_strategy: incremental
-- @unique_key: year, month, day, carrier, flight, origin
-- @watermark_column: loaded_at
select
    cast(f.year as integer) as year,
    cast(f.month as integer) as month,
    cast(f.day as integer) as day,
    f.carrier,
    c.airline,
    cast(f.flight as integer) as flight,
    f.origin,
    f.dest,
    a.name as destination,
    {{ text('f.tailnum') }} as tailnum,
    p.manufacturer,
    p.built as plane_built,
    cast(f.time_hour as timestamp) as scheduled_hour,
    {{ number('f.sched_dep_time') }} as scheduled_departure,
    {{ number('f.dep_delay') }} as departure_delay,
    {{ number('f.arr_delay') }} as arrival_delay,
    {{ number('f.air_time') }} as air_minutes,
    cast(f.distance as integer) as distance_miles,
    f.dep_time = 'NA' as cancelled,
    w.wind_mph,
    w.precipitation_in,
    w.visibility_mi,
    f.loaded_at
from {{ ref('bronze.flights') }} f
left join {{ ref('silver.carriers') }} c on c.carrier = f.carrier
left join {{ ref('bronze.airports') }} a on a.faa = f.dest
left join {{ ref('silver.planes') }} p on p.tailnum = f.tailnum
left join {{ ref('silver.weather') }} w on w.origin = f.origin and w.time_hour = cast(f.time_hour as timestamp)
{% if is_incremental() and watermark_value %}
where f.loaded_at > '{{ watermark_value }}'
{% endif %}
