delete from {{ ref('bronze.crm') }} where id = 1
