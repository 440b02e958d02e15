'use strict'

const { bare } = require('./call.js')

/** `lake.tables`. */
class Tables {
  #native

  constructor(native) {
    this.#native = native
  }

  list(...beyond) {
    return bare('tables.list', beyond, (c) => this.#native.tablesList(c))
  }

  get(name, ...beyond) {
    return bare('tables.get', beyond, (c) => this.#native.tablesGet(c, name))
  }

  history(name, ...beyond) {
    return bare('tables.history', beyond, (c) => this.#native.tablesHistory(c, name))
  }

  rollback(name, snapshotId, ...beyond) {
    return bare('tables.rollback', beyond, (c) => this.#native.tablesRollback(c, name, snapshotId))
  }

  tag(name, tag, snapshotId, ...beyond) {
    return bare('tables.tag', beyond, (c) => this.#native.tablesTag(c, name, tag, snapshotId))
  }

  branch(name, branch, snapshotId, ...beyond) {
    return bare('tables.branch', beyond, (c) => this.#native.tablesBranch(c, name, branch, snapshotId))
  }

  untag(name, tag, ...beyond) {
    return bare('tables.untag', beyond, (c) => this.#native.tablesUntag(c, name, tag))
  }

  rename(name, to, ...beyond) {
    return bare('tables.rename', beyond, (c) => this.#native.tablesRename(c, name, to))
  }

  drop(name, ...beyond) {
    return bare('tables.drop', beyond, (c) => this.#native.tablesDrop(c, name))
  }
}

module.exports = { Tables }
