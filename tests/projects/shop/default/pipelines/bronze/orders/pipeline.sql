-- Orders, as they land.
-- @description: orders, as they land: one file an hour
-- @merge_strategy: append_only
-- @archive_landing_zones: yes

-- @tags: finance, hourly
select id as order_id, amount, ts as updated_at, '{{ landing_zone("orders") }}' as zone from {{ ref('bronze.crm') }}
