-- @merge_strategy: incremental
-- @unique_key: id
-- @watermark_column: ts
select * from {{ ref('bronze.crm') }}
where ts > '{{ watermark_value }}'
