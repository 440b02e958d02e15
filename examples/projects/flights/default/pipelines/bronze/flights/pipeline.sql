-- @description: Flights as they landed, one file a week, with the file and the time of loading
-- @owner: operations
-- @tags: flights, landing
-- @merge_strategy: append_only
-- @archive_landing_zones: true
select
    *,
    cast('{{ run_started_at }}' as timestamp) as loaded_at
from read_csv('{{ landing_zone("flights") }}', header = true, all_varchar = true, filename = true)
