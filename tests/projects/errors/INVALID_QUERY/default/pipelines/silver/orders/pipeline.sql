select id, name, sum(amount) as total from {{ ref('bronze.crm') }} group by id
