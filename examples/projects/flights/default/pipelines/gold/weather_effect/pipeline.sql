-- @description: Delays and cancellations by the weather at departure
-- @owner: analytics
-- @tags: report
select
    case
        when visibility_mi is null then 'unknown'
        when precipitation_in > 0 then 'rain or snow'
        when wind_mph >= 20 then 'wind'
        when visibility_mi < 5 then 'fog'
        else 'fair'
    end as weather,
    count(*) as flights,
    {{ percent('cancelled') }} as cancelled_percent,
    round(avg(departure_delay), 1) as average_departure_delay
from {{ ref('silver.flights') }}
group by weather
order by average_departure_delay desc
