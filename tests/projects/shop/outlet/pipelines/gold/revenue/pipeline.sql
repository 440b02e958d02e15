select * from {{ ref('default.gold.revenue') }}
