select id, mode(name) as name
from {{ ref('bronze.crm') }}
group by id
