-- @description: Planes by tail number, as landed
-- @tags: reference
select *
from read_csv('{{ landing_zone("planes") }}', header = true, all_varchar = true)
