-- @description: Orders as they landed, each file once
-- @merge_strategy: append_only
-- @archive_landing_zones: true
select
    *,
    cast('{{ run_started_at }}' as timestamp) as loaded_at
from read_csv('{{ landing_zone("orders") }}', header = true, all_varchar = true, filename = true)
