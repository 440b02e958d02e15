select {{ price('amount') }} as cents
from {{ ref('bronze.crm') }}
