-- @owner: me
-- @OWNER: you
select 1 as id
