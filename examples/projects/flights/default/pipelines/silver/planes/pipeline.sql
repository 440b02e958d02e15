-- @description: Planes; used where it is referred to, never stored
-- @materialized: ephemeral
select
    tailnum,
    {{ number('year') }} as built,
    manufacturer,
    {{ number('seats') }} as seats
from {{ ref('bronze.planes') }}
