{% set row = {'id': 1} %}
select {{ row.ids }} as id, {{ is_incrementl() }} as first
