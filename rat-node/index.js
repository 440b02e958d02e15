'use strict'

const errors = require('./lib/errors.js')
const { Graph } = require('./lib/graph.js')
const { RunHandle } = require('./lib/handle.js')
const { Lake, init, open } = require('./lib/lake.js')
const { Result, Rows } = require('./lib/query.js')
const { Stream } = require('./lib/stream.js')

// One line a name: Node finds the names of a CommonJS module by reading, not by running it.
module.exports = {
  open,
  init,
  Lake,
  Graph,
  Result,
  Rows,
  RunHandle,
  Stream,
  RatError: errors.RatError,
  InvalidError: errors.InvalidError,
  NotFoundError: errors.NotFoundError,
  ConflictError: errors.ConflictError,
  RejectedError: errors.RejectedError,
  DeniedError: errors.DeniedError,
  CancelledError: errors.CancelledError,
  TimeoutError: errors.TimeoutError,
  UnavailableError: errors.UnavailableError,
  CorruptError: errors.CorruptError,
  InternalError: errors.InternalError,
  RunFailedError: errors.RunFailedError,
}
