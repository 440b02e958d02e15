select {{ 1 // 0 }} as id, {{ 'a' + 1 }} as b
