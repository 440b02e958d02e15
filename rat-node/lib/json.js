'use strict'

/** A value of a row as JSON can say it: a bigint is decimal text. */
function jsonable(value) {
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return value.map(jsonable)
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, jsonable(field)]))
}

module.exports = { jsonable }
