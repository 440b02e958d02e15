-- @description: An order is worth something
-- @severity: error
-- @remediation: Look at the file that the row names
select order_id, amount, filename
from {{ this }}
where amount <= 0
