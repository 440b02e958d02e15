select * from {{ ref('gold.self') }}
