{# The source writes a missing value as NA. #}
{% macro number(column) %}try_cast(nullif({{ column }}, 'NA') as integer){% endmacro %}

{% macro decimal(column) %}try_cast(nullif({{ column }}, 'NA') as double){% endmacro %}

{% macro text(column) %}nullif({{ column }}, 'NA'){% endmacro %}
