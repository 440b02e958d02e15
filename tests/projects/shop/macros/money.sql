{% macro cents(x) %}cast({{ x }} * 100 as bigint){% endmacro %}
