select id, name from {{ ref('bronze.crm') }}
