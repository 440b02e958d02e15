-- @severity: warning
select * from {{ this }} where cents < 0
-- @description: no negative amounts
