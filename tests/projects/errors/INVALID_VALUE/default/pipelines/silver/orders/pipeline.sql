-- @merge_strategy: incremntal
-- @timeout: 10
-- @partition_by: day(ts), bucket(id), dy(ts)
-- @on_active: wait
select 1 as id
