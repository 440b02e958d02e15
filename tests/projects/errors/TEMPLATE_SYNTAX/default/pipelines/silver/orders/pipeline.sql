select *
from {{ ref('bronze.crm') }
where id > 0
