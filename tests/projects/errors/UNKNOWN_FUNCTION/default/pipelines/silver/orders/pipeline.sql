select uper(name) as name from {{ ref('bronze.crm') }}
