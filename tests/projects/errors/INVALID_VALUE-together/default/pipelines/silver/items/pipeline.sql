-- @merge_strategy: scd2
-- @unique_key: id
-- @scd_compare: ID, name
-- @scd_valid_to: valid_from
select 1 as id
