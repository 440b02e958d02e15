select id, amount as cents from {{ ref('bronze.crm') }}
