'use strict'

const inspected = Symbol.for('nodejs.util.inspect.custom')

/** What `console.log` shows of the objects of a class whose fields are getters, which it would not. */
function shows(type, ...names) {
  const value = function (_depth, options, inspect) {
    return `${this.constructor.name} ${inspect(Object.fromEntries(names.map((name) => [name, this[name]])), options)}`
  }
  Object.defineProperty(type.prototype, inspected, { value })
}

module.exports = { shows }
