-- @tags: [a, b
select 1 as id
