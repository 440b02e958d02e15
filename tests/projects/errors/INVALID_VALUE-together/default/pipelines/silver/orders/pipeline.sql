-- @materialized: view
-- @merge_strategy: append_only
select 1 as id
