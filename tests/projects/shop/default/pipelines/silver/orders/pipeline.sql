-- @unique_key: order_id
/* The config has the rest. */
select order_id, {{ cents('amount') }} as cents, updated_at, 'new' as state, 7 as customer
from {{ ref('bronze.orders') }}
{% if watermark_value %} where updated_at > '{{ watermark_value }}' {% endif %}
