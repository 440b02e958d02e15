-- @merge_strategy: incremental
-- @unique_key: id
-- @watermark_column: ts
select * from {{ ref('bronze.crm') }}
{% if watermark_value > '2024-01-01' %}
where ts > '{{ watermark_value }}'
{% endif %}
