-- @merge_strategy: incremental
select 1 as id
