select id, null as nothing from {{ ref('bronze.crm') }}
