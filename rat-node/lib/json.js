'use strict'

/** JSON has no bigint and throws at one. As decimal text none is rounded, as `JSON.parse` would round a number of that size. */
const asJson = {
  value() {
    return Object.fromEntries(Object.entries(this).map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]))
  },
  configurable: true,
  writable: true,
}

/** The same data, which `JSON.stringify` takes too. Nothing that one sees or copies is added. */
function jsonable(data) {
  if (Array.isArray(data)) {
    for (const item of data) jsonable(item)
  } else if (data !== null && typeof data === 'object' && Object.getPrototypeOf(data) === Object.prototype) {
    const values = Object.values(data)
    if (values.some((value) => typeof value === 'bigint')) Object.defineProperty(data, 'toJSON', asJson)
    for (const value of values) jsonable(value)
  }
  return data
}

module.exports = { jsonable }
