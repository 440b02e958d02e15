-- @merge_strategy: incremental
-- @unique_key: id
-- @keep_newer: true
-- @watermark_lookback: 3d
select 1 as id
