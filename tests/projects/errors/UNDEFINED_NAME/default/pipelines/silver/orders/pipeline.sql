select {{ columms }} from {{ ref('bronze.crm') }}
