select {{ var('curency') }} as currency, {{ var('rate', 1) }} as rate
