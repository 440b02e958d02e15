select * from {{ ref('bronze.customer') }}
