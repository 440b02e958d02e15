'use strict'

const { bare } = require('./call.js')

/** `lake.tables`. */
class Tables {
  #native

  constructor(native) {
    this.#native = native
  }

  list(options) {
    return bare('tables.list', options, (c) => this.#native.tablesList(c))
  }

  get(name, options) {
    return bare('tables.get', options, (c) => this.#native.tablesGet(c, name))
  }

  history(name, options) {
    return bare('tables.history', options, (c) => this.#native.tablesHistory(c, name))
  }

  rollback(name, snapshotId, options) {
    return bare('tables.rollback', options, (c) => this.#native.tablesRollback(c, name, snapshotId))
  }

  tag(name, tag, snapshotId, options) {
    return bare('tables.tag', options, (c) => this.#native.tablesTag(c, name, tag, snapshotId))
  }

  branch(name, branch, snapshotId, options) {
    return bare('tables.branch', options, (c) => this.#native.tablesBranch(c, name, branch, snapshotId))
  }

  untag(name, tag, options) {
    return bare('tables.untag', options, (c) => this.#native.tablesUntag(c, name, tag))
  }

  rename(name, to, options) {
    return bare('tables.rename', options, (c) => this.#native.tablesRename(c, name, to))
  }

  drop(name, options) {
    return bare('tables.drop', options, (c) => this.#native.tablesDrop(c, name))
  }
}

module.exports = { Tables }
