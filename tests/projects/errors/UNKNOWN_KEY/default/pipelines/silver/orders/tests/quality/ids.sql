-- @sevrity: warn
select 1
