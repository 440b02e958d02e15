-- @description: Airports by their three-letter code, as landed
-- @tags: reference
select *
from read_csv('{{ landing_zone("airports") }}', header = true, all_varchar = true)
