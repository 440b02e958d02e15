-- @description: A cancelled flight has no delay and no time in the air
-- @severity: error
select year, month, day, carrier, flight, origin
from {{ this }}
where cancelled and (departure_delay is not null or arrival_delay is not null or air_minutes is not null)
