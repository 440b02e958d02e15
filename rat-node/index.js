import { createRequire } from 'node:module'

import { RunFailedError, fromData, fromNative } from './errors.js'

export * from './errors.js'

const native = createRequire(import.meta.url)('./rat.node')

/** Opens the lake in a folder that exists. */
export async function open(path, options = {}) {
  return new Lake(await answer(native.open(path, JSON.stringify(options))))
}

/** A lake: a folder of pipelines and the tables they make. */
export class Lake {
  #native

  constructor(nativeLake) {
    this.#native = nativeLake
  }

  /** Compiles and types the whole project. */
  async check(select) {
    return report(await answer(this.#native.check(JSON.stringify({ select: list(select) }))))
  }

  /** Runs one pipeline. */
  async run(pipeline, { raiseOnFailure = true, ...options } = {}) {
    const run = report(await answer(this.#native.run(pipeline, JSON.stringify(options))))
    if (raiseOnFailure && run.error) throw new RunFailedError(run.error, run)
    return run
  }

  /** Runs many pipelines in dependency order. */
  async build(select, { raiseOnFailure = true, exclude, ...options } = {}) {
    const given = { ...options, select: list(select), exclude: list(exclude) }
    const build = report(await answer(this.#native.build(JSON.stringify(given))))
    const failed = build.runs.find((run) => run.error)
    if (raiseOnFailure && failed) throw new RunFailedError(failed.error, build)
    return build
  }

  /** Answers one read-only statement. */
  async query(sql, options = {}) {
    return answer(this.#native.query(sql, JSON.stringify(options)))
  }

  /** Every verb of this handle throws from now on. */
  close() {
    this.#native.close()
  }

  [Symbol.dispose ?? Symbol.for('nodejs.dispose')]() {
    this.close()
  }
}

async function answer(promise) {
  try {
    return await promise
  } catch (error) {
    throw fromNative(error)
  }
}

const list = (select) => (select === undefined ? [] : [select].flat())

/** A report of the core: camelCase names, errors as errors. Keys of data (columns, tables) stay as they are. */
function report(text) {
  return JSON.parse(text, (key, value) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
    if (key === 'inputs' || key === 'context') return value
    const named = Object.fromEntries(Object.entries(value).map(([name, field]) => [camel(name), field]))
    return key === 'error' ? fromData(named) : named
  })
}

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
