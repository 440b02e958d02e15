{% set source = 'prices' %}
select *
from {{ ref('silver.' ~ source) }}
