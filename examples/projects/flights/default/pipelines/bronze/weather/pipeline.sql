-- @description: Hourly weather at the three airports, as landed
-- @tags: reference
select *
from read_csv('{{ landing_zone("weather") }}', header = true, all_varchar = true)
