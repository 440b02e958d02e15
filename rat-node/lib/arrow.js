'use strict'

const { isAnyArrayBuffer } = require('node:util/types')

/** The package that rat does not need and some of its methods do. */
async function arrow(who) {
  try {
    return await import('apache-arrow')
  } catch (cause) {
    throw new Error(`${who} needs the package apache-arrow: npm install apache-arrow`, { cause })
  }
}

/** Rows of a query, or a table or batch of whichever copy of `apache-arrow`, as Arrow IPC; anything else is the core's to read. */
async function ipc(data) {
  if (typeof data?.toIPC === 'function') return data.toIPC()
  if (isAnyArrayBuffer(data)) return new Uint8Array(data)
  if (!Array.isArray(data?.schema?.fields)) return data
  if (Array.isArray(data.batches)) return (await arrow('write() of a Table')).tableToIPC(data, 'stream')
  if (!Array.isArray(data.data?.children)) return data
  const { RecordBatchStreamWriter } = await arrow('write() of a RecordBatch')
  return RecordBatchStreamWriter.writeAll([data]).toUint8Array(true)
}

module.exports = { arrow, ipc }
