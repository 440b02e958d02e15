// What rat costs in Node: how long the event loop is held up while the engine is busy. Prints the rows of a Markdown table.
//
// A delay is what code of the loop took (its own longest work), or how long it waited for a core that the engine, another process or, on a
// virtual machine, another machine had. The last is none of rat's doing, so each is measured beside threads that only count, after as much
// was written to the disk: a machine whose cores are all in use is held up for that. Needs Linux.
// `node benches/bindings/bench.mjs FOLDER`: the folder holds the package with an optimised build; `make bench-bindings` has one.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'

const started = performance.now()
const { open } = await import(pathToFileURL(join(resolve(process.argv[2]), 'index.mjs')).href)
const imported = performance.now() - started

const RUNS = 9
const HEAVY = 'select i as id, i % 1000 as customer, i * 1.5 as amount from generate_series(1, 20000000) t(i)\n'

/** How long the thread of the event loop has worked and waited for a core since it began, in milliseconds. */
function thread() {
  const [worked, waited] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ').map(Number)
  return { worked: worked / 1e6, waited: waited / 1e6 }
}

/** The delays of the event loop while `work` is under way, and the most that it worked itself from one turn to the next, in milliseconds. */
async function delays(work) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  let before = thread()
  let busiest = 0
  // A timer wakes the loop all the time: a loop with nothing to do is not delayed.
  const timer = setInterval(() => {
    const now = thread()
    busiest = Math.max(busiest, now.worked - before.worked)
    before = now
  }, 1)
  delay.enable()
  const [began, from] = [performance.now(), thread()]
  await work()
  const [took, to] = [performance.now() - began, thread()]
  delay.disable()
  clearInterval(timer)
  return { most: delay.max / 1e6, p99: delay.percentile(99) / 1e6, busiest, waited: (to.waited - from.waited) / took, took }
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

function told({ what, goal }, runs) {
  const most = runs.map((run) => run.most)
  const of = (field) => median(runs.map((run) => run[field]))
  const delay = `${median(most).toFixed(1)} ms (${Math.min(...most).toFixed(1)}–${Math.max(...most).toFixed(1)})`
  const busiest = `${of('busiest').toFixed(1)} ms (${Math.max(...runs.map((run) => run.busiest)).toFixed(1)})`
  const note = `99 % below ${of('p99').toFixed(1)} ms; ${(of('took') / 1000).toFixed(2)} s of work, ${(100 * of('waited')).toFixed(0)} % waited for a core`
  return `| ${what} | ${goal} | ${delay} | ${busiest} | ${runs.length} | ${note} |`
}

/** Threads that keep every core in use by nothing but counting; a promise of their end. */
async function counting() {
  const counter = 'const end = performance.now() + 4500; while (performance.now() < end);'
  const counters = Array.from({ length: availableParallelism() }, () => new Worker(counter, { eval: true }))
  const all = (event) => Promise.all(counters.map((worker) => once(worker, event)))
  const [ended] = [all('exit'), await all('online')]
  return () => ended
}

const folder = await mkdtemp(join(tmpdir(), 'rat-bench-'))
try {
  await mkdir(join(folder, 'default/pipelines/bronze/heavy'), { recursive: true })
  await writeFile(join(folder, 'default/pipelines/bronze/heavy/pipeline.sql'), HEAVY)
  const lake = await open(folder)
  const run = () => lake.run('bronze.heavy')
  // Run in turns, in this order.
  const cases = [
    { what: 'a run of 20M rows', goal: '10 ms', work: run },
    {
      what: 'a query that sorts and groups them',
      goal: '10 ms',
      work: () => lake.query('select customer, sum(amount) as s, count(distinct id) as n from bronze.heavy group by customer order by s desc', { timeout: 600 }),
    },
    {
      what: 'a stream over all of them',
      goal: '10 ms',
      work: async () => {
        let rows = 0
        for await (const batch of lake.stream('select * from bronze.heavy', { timeout: 600 })) rows += batch.numRows
        if (rows !== 20_000_000) throw new Error(`${rows} rows`)
      },
    },
    { what: 'threads that only count, on every core, after such a run', goal: '', before: async () => (await run(), counting()) },
    { what: 'nothing', goal: '', work: () => sleep(2000) },
  ]
  const runs = cases.map(() => [])
  for (let turn = -1; turn < RUNS; turn++) {
    for (const [number, { before, work }] of cases.entries()) {
      const measured = await delays(before ? await before() : work)
      // What is compiled and opened the first time is not measured.
      if (turn >= 0) runs[number].push(measured)
    }
  }
  console.log('\n| longest delay of the event loop beside | goal | median of the longest (min–max) | its own longest work (max) | runs | notes |\n|---|---|---|---|---|---|')
  cases.forEach((one, number) => console.log(told(one, runs[number])))
  console.log(`\nThe package was imported in ${imported.toFixed(1)} ms, once.`)
  lake.close()
} finally {
  await rm(folder, { recursive: true, force: true })
}
