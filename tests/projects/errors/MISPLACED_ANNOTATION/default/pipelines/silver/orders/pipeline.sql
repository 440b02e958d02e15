-- @merge_strategy append_only
-- by hand
select 1 as id
-- @unique_key: id
-- @todo: more
