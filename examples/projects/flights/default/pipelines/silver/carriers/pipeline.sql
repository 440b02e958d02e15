-- @description: Carriers
-- @tags: reference
select carrier, name as airline
from {{ ref('bronze.airlines') }}
