'use strict'

const { ipc } = require('./arrow.js')
const { call, split } = require('./call.js')
const { Graph } = require('./graph.js')
const { RunHandle } = require('./handle.js')
const { shows } = require('./inspect.js')
const { Landing } = require('./landing.js')
const { Namespaces } = require('./namespaces.js')
const { Result } = require('./query.js')
const { finished, report, telling } = require('./report.js')
const { Runs } = require('./runs.js')
const { Stream, inside } = require('./stream.js')
const { Tables } = require('./tables.js')
const native = require('./native.js')

/** Opens the lake in a folder that exists. */
async function open(path, options) {
  const [ours, given] = split(options, 'signal')
  return new Lake(await call((c) => native.open(c, local(path), given), ours))
}

/** Writes a project that runs, and opens it. */
async function init(path, options) {
  const [ours, given] = split(options, 'signal')
  return new Lake(await call((c) => native.init(c, local(path), given), ours))
}

/** A URL as text, which the core reads. */
const local = (path) => (path instanceof URL ? path.href : path)

/** A lake: a folder of pipelines and the tables they make. */
class Lake {
  #native

  constructor(opened) {
    if (!(opened instanceof native.NativeLake)) throw new TypeError('open a lake with `open()`')
    this.#native = opened
    this.tables = new Tables(opened)
    this.runs = new Runs(opened)
    this.landing = new Landing(opened)
    this.namespaces = new Namespaces(opened)
  }

  get url() {
    return this.#native.url
  }

  get namespace() {
    return this.#native.namespace
  }

  async check(select, options) {
    const [ours, given] = split(options, 'signal')
    return call((c) => this.#native.check(c, select, given), ours)
  }

  async compile(pipeline, options) {
    const [ours, given] = split(options, 'signal')
    return call((c) => this.#native.compile(c, pipeline, given), ours)
  }

  async plan(pipeline, options) {
    const [ours, given] = split(options, 'signal')
    return call((c) => this.#native.plan(c, pipeline, given), ours)
  }

  async preview(pipeline, options) {
    const [ours, given] = split(options, 'signal')
    const shown = await call((c) => this.#native.preview(c, pipeline, given), ours)
    return { data: new Result(shown.rows()), ...shown.report() }
  }

  async test(select, options) {
    const [ours, given] = split(options, 'signal')
    return (await call((c) => this.#native.test(c, select, given), ours)).map(report)
  }

  async graph(select, options) {
    const [ours, given] = split(options, 'signal')
    return new Graph(await call((c) => this.#native.graph(c, select, given), ours))
  }

  async run(pipeline, options) {
    const [ours, given] = split(options, 'signal', 'onEvent', 'raiseOnFailure')
    return finished(await call((c) => this.#native.run(c, pipeline, given), telling(ours)), ours)
  }

  async submit(pipeline, options) {
    const [ours, given] = split(options, 'signal')
    return new RunHandle(await call((c) => this.#native.submit(c, pipeline, given), ours))
  }

  async build(select, options) {
    const [ours, given] = split(options, 'signal', 'onEvent', 'raiseOnFailure')
    return finished(await call((c) => this.#native.build(c, select, given), telling(ours)), ours)
  }

  async query(sql, options) {
    const [ours, given] = split(options, 'signal')
    return new Result(await call((c) => this.#native.query(c, sql, given), ours))
  }

  stream(sql, options) {
    const [ours, given] = split(options, 'signal')
    return new Stream((c) => this.#native.stream(c, sql, given), ours)
  }

  async write(table, data, options) {
    const [ours, given] = split(options, 'signal', 'onEvent', 'raiseOnFailure')
    if (!(data instanceof Stream)) return finished(await call(async (c) => this.#native.write(c, table, await ipc(data), given), telling(ours)), ours)
    const { signal, opened } = inside(data)
    // What stops the stream stops the write that reads it.
    const both = { signal, ...ours }
    return finished(await call(async (c) => this.#native.writeStream(c, table, await opened(c), given), telling(both)), both)
  }

  async maintain(select, options) {
    const [ours, given] = split(options, 'signal', 'raiseOnFailure')
    return finished(await call((c) => this.#native.maintain(c, select, given), ours), ours)
  }

  close() {
    this.#native.close()
  }

  [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() {
    this.close()
  }

  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    this.close()
  }
}

shows(Lake, 'url', 'namespace')

module.exports = { Lake, init, open }
