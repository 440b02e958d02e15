select id from {{ ref('bronze.crm') }} a join {{ ref('bronze.crm') }} b on a.id = b.id
