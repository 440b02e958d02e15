-- @description: Orders, typed, one row an order: the one that landed last
-- @merge_strategy: incremental
-- @unique_key: order_id
-- @watermark_column: loaded_at
select
    cast(order_id as bigint) as order_id,
    customer,
    cast(ordered_at as timestamp) as ordered_at,
    cast(amount as decimal(10, 2)) as amount,
    filename,
    loaded_at
from {{ ref('bronze.orders') }}
{% if watermark_value %}
where loaded_at > timestamp '{{ watermark_value }}'
{% endif %}
order by filename
