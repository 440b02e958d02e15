select * from {{ ref('bronze.crm') }}
