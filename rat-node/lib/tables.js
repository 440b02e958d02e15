'use strict'

const { call } = require('./call.js')

/** `lake.tables`. */
class Tables {
  #native

  constructor(native) {
    this.#native = native
  }

  list() {
    return call((c) => this.#native.tablesList(c))
  }

  get(name) {
    return call((c) => this.#native.tablesGet(c, name))
  }

  history(name) {
    return call((c) => this.#native.tablesHistory(c, name))
  }

  rollback(name, snapshotId) {
    return call((c) => this.#native.tablesRollback(c, name, snapshotId))
  }

  tag(name, tag, snapshotId) {
    return call((c) => this.#native.tablesTag(c, name, tag, snapshotId))
  }

  branch(name, branch, snapshotId) {
    return call((c) => this.#native.tablesBranch(c, name, branch, snapshotId))
  }

  untag(name, tag) {
    return call((c) => this.#native.tablesUntag(c, name, tag))
  }

  rename(name, to) {
    return call((c) => this.#native.tablesRename(c, name, to))
  }

  drop(name) {
    return call((c) => this.#native.tablesDrop(c, name))
  }
}

module.exports = { Tables }
