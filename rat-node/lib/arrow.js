'use strict'

/** The package that rat does not need and some of its methods do. */
async function arrow(who) {
  try {
    return await import('apache-arrow')
  } catch (cause) {
    throw new Error(`${who} needs the package apache-arrow: npm install apache-arrow`, { cause })
  }
}

/** Rows of a query, or a table of whichever copy of `apache-arrow`, as Arrow IPC; anything else is the core's to read. */
async function ipc(data) {
  if (typeof data?.toIPC === 'function') return data.toIPC()
  const isTable = Array.isArray(data?.batches) && Array.isArray(data.schema?.fields)
  return isTable ? (await arrow('write() of a Table')).tableToIPC(data, 'stream') : data
}

module.exports = { arrow, ipc }
