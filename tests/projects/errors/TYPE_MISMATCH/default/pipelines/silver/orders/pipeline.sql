select id from {{ ref('bronze.crm') }} where ts > amount
