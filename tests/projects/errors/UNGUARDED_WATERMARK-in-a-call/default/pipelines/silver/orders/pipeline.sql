-- @merge_strategy: incremental
-- @unique_key: id
-- @watermark_column: ts
select * from {{ ref('bronze.crm') }}
where ts > coalesce({{ watermark_value }}, timestamp '2024-01-01')
