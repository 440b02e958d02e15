select 1 as id
{% if is_incremental() %}union all select * from {{ ref('silver.orders') }}{% endif %}
