// What rat costs in Node: how long the event loop is held up while the engine is busy. Prints the rows of a Markdown table.
//
// A delay is what code of the loop took (its own longest work), or how long it waited for a core that the engine or another process had.
// Needs Linux.
// `node benches/bindings/bench.mjs FOLDER`: the folder holds the package with an optimised build; `make bench-bindings` has one.
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

const started = performance.now()
const { open } = await import(pathToFileURL(join(resolve(process.argv[2]), 'index.mjs')).href)
const imported = performance.now() - started

const RUNS = 5
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

async function row(what, goal, work) {
  await work()
  const runs = []
  for (let run = 0; run < RUNS; run++) runs.push(await delays(work))
  const most = runs.map((run) => run.most)
  const told = `${median(most).toFixed(1)} ms (${Math.min(...most).toFixed(1)}–${Math.max(...most).toFixed(1)})`
  const of = (field) => median(runs.map((run) => run[field]))
  const busiest = `${of('busiest').toFixed(1)} ms (${Math.max(...runs.map((run) => run.busiest)).toFixed(1)})`
  const note = `99 % below ${of('p99').toFixed(1)} ms; ${(of('took') / 1000).toFixed(2)} s of work; ${(100 * of('waited')).toFixed(0)} % of it waited for a core`
  console.log(`| ${what} | ${goal} | ${told} | ${busiest} | ${RUNS} | ${note} |`)
}

const folder = await mkdtemp(join(tmpdir(), 'rat-bench-'))
try {
  await mkdir(join(folder, 'default/pipelines/bronze/heavy'), { recursive: true })
  await writeFile(join(folder, 'default/pipelines/bronze/heavy/pipeline.sql'), HEAVY)
  const lake = await open(folder)
  console.log('\n| longest delay of the event loop | goal | rat, median of the longest (min–max) | its own longest work (max) | runs | notes |\n|---|---|---|---|---|---|')
  await row('idle, for comparison', '', () => sleep(2000))
  await row('a run of 20M rows', '10 ms', () => lake.run('bronze.heavy'))
  await row('a query that sorts and groups them', '10 ms', () =>
    lake.query('select customer, sum(amount) as s, count(distinct id) as n from bronze.heavy group by customer order by s desc', { timeout: 600 }),
  )
  await row('a stream over all of them', '10 ms', async () => {
    let rows = 0
    for await (const batch of lake.stream('select * from bronze.heavy', { timeout: 600 })) rows += batch.numRows
    if (rows !== 20_000_000) throw new Error(`${rows} rows`)
  })
  console.log(`\nThe package was imported in ${imported.toFixed(1)} ms, once.`)
  lake.close()
} finally {
  await rm(folder, { recursive: true, force: true })
}
