-- @description: Weather an hour, typed
-- @tags: reference
select
    origin,
    cast(time_hour as timestamp) as time_hour,
    {{ decimal('temp') }} as temperature_f,
    {{ decimal('wind_speed') }} as wind_mph,
    {{ decimal('precip') }} as precipitation_in,
    {{ decimal('visib') }} as visibility_mi
from {{ ref('bronze.weather') }}
