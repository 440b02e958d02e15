// Ends workers at odd moments, in a process that a fault of the addon would take along: `node workers.mjs crash|query [PACKAGE]`.
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

const [, , what, library = new URL('../index.mjs', import.meta.url).href] = process.argv

const programs = {
  // Writes, and is told what happens.
  crash: `
    const lake = await rat.open('memory://')
    parentPort.postMessage('begun')
    for (;;) await lake.write('bronze.t', [{ a: 1 }], { onEvent() {} })`,
  // Asks what takes longer than anybody waits.
  query: `
    const lake = await rat.open('memory://')
    lake.query('select sum(sin(a.i) * sin(b.i)) from generate_series(1, 1000000) a(i), generate_series(1, 1000000) b(i)', { timeout: 3600 })
    parentPort.postMessage('begun')`,
}
const worker = () =>
  new Worker(`const { parentPort } = require('node:worker_threads'); import('${library}').then(async (rat) => { ${programs[what]} })`, { eval: true })

// The library is in use here, too, and goes on.
const { open } = await import(library)
await open('memory://')

if (what === 'crash') {
  for (let round = 0; round < 12; round++) {
    const workers = Array.from({ length: 4 }, worker)
    await Promise.all(workers.map((one) => once(one, 'message')))
    await Promise.all(workers.map(async (one, i) => (await setTimeout((round * 7 + i * 13) % 50), one.terminate())))
  }
} else {
  /** How much of a processor this process takes. */
  const busy = async () => {
    const before = process.cpuUsage()
    await setTimeout(200)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 200_000
  }
  const one = worker()
  await once(one, 'message')
  while ((await busy()) < 0.5);
  await one.terminate()
  while ((await busy()) > 0.2);
}
console.log('over')
