-- @materialized: view
-- @tags: finance
select sum(cents) as cents from {{ ref('silver.orders') }}
