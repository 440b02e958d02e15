select id,
from where {{ ref('bronze.crm') }}
