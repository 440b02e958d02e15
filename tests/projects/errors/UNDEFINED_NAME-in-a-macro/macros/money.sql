{% macro cents(x) %}
  cast({{ x }} * {{ factor }} as bigint)
{% endmacro %}
{% macro price(x) %}{{ cents(x) }}{% endmacro %}
