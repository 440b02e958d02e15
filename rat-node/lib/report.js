'use strict'

const { CancelledError, RunFailedError, fromData } = require('./errors.js')

/** A report of the core with its errors as errors: of a run, of a build, of a maintenance, of an event that carries one. */
function report(data) {
  if (data.error) data.error = fromData(data.error)
  for (const part of [...(data.runs ?? []), ...(data.tests ?? []), ...(data.tables ?? [])]) report(part)
  if (data.report) report(data.report)
  return data
}

/** The report, or the failure raised. What was published before the signal could stop it is a report. */
function finished(done, { raiseOnFailure = true, signal }) {
  const made = report(done.report)
  const isStopped = signal?.aborted && made.status === 'cancelled'
  if (!isStopped && (!raiseOnFailure || !done.failure)) return made
  const error = isStopped
    ? Object.assign(new CancelledError(done.failure, { cause: signal.reason }), { report: made })
    : new RunFailedError(done.failure, made)
  Error.captureStackTrace(error, finished)
  throw error
}

/** The same options, with events as the caller gets them. */
function telling(ours) {
  const { onEvent } = ours
  return typeof onEvent === 'function' ? { ...ours, onEvent: (event) => onEvent(report(event)) } : ours
}

module.exports = { report, finished, telling }
