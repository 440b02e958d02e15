-- @merge_strategy: scd2
-- @unique_key: id
-- @watermark_column: at
-- @scd_hard_deletes: close
select id, name, at from (values (1, 'a', timestamp '2024-01-01')) as t(id, name, at)
{% if watermark_value %} where at > '{{ watermark_value }}' {% endif %}
