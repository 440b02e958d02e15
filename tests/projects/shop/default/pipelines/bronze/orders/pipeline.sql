-- Orders, as they land.
-- @description: orders, as they land: one file an hour
-- @merge_strategy: append_only
-- @archive_landing_zones: yes

-- @tags: finance, hourly
select * from read_csv_auto('{{ landing_zone("orders") }}')
