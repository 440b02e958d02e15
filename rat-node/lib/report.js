'use strict'

const { RunFailedError, fromData } = require('./errors.js')

/** A report of the core with its errors as errors: of a run, of a build, of a maintenance, of an event that carries one. */
function report(data) {
  if (data.error) data.error = fromData(data.error)
  for (const part of [...(data.runs ?? []), ...(data.tests ?? []), ...(data.tables ?? [])]) report(part)
  if (data.report) report(data.report)
  return data
}

/** The report, or the failure raised. */
function finished(done, { raiseOnFailure = true }) {
  const made = report(done.report)
  if (!raiseOnFailure || !done.failure) return made
  const error = new RunFailedError(done.failure, made)
  Error.captureStackTrace(error, finished)
  throw error
}

/** The same options, with events as the caller gets them. */
function telling(ours) {
  const { onEvent } = ours
  return typeof onEvent === 'function' ? { ...ours, onEvent: (event) => onEvent(report(event)) } : ours
}

module.exports = { report, finished, telling }
