{# Share of flights for which a condition holds, in percent with one decimal. #}
{% macro percent(condition) %}round(100.0 * count(*) filter (where {{ condition }}) / count(*), 1){% endmacro %}
