-- @description: What was sold each day
select
    cast(ordered_at as date) as day,
    count(*) as orders,
    sum(amount) as amount,
    '{{ var("currency") }}' as currency
from {{ ref('silver.orders') }}
group by 1
order by 1
