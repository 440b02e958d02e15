-- @description: Flights whose plane is not in the register; a gap of the source, worth watching
-- @severity: warn
-- @max_violations: 100
select tailnum, count(*) as flights
from {{ this }}
where tailnum is not null and manufacturer is null
group by tailnum
