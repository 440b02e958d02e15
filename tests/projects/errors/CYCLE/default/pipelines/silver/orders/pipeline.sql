select * from {{ ref('silver.items') }}
