-- @description: Carriers by their two-letter code, as landed
-- @tags: reference
select *
from read_csv('{{ landing_zone("airlines") }}', header = true, all_varchar = true)
