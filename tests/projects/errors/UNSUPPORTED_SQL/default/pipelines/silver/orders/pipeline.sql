select id, histogram(name) as name
from {{ ref('bronze.crm') }}
group by id
