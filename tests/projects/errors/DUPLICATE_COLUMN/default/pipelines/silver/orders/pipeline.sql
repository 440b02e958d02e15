select id, name as id
from {{ ref('bronze.crm') }}
