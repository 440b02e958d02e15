-- @merge_stratgy: append_only
-- @author: me
select 1 as id
