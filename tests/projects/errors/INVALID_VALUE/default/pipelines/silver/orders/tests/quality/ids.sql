select 1
-- @severity: fatal
-- @max_violations: -2
