select id,
  sum(cemts) as cents
from {{ ref('silver.orders') }}
group by id
