// What rat costs in Node: how long the event loop is held up while the engine is busy. Prints the rows of a Markdown table.
//
// `node benches/bindings/bench.mjs FOLDER`: the folder holds the package with an optimised build; `make bench-bindings` has one.
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

/** The delays of the event loop while `work` is under way, in milliseconds. */
async function delays(work) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  // A timer wakes the loop all the time: a loop with nothing to do is not delayed.
  const timer = setInterval(() => {}, 1)
  delay.enable()
  const began = performance.now()
  await work()
  const took = performance.now() - began
  delay.disable()
  clearInterval(timer)
  return { most: delay.max / 1e6, p99: delay.percentile(99) / 1e6, took }
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
  const note = `99 % below ${median(runs.map((run) => run.p99)).toFixed(1)} ms; ${(median(runs.map((run) => run.took)) / 1000).toFixed(2)} s of work`
  console.log(`| ${what} | ${goal} | ${told} | ${RUNS} | ${note} |`)
}

const folder = await mkdtemp(join(tmpdir(), 'rat-bench-'))
try {
  await mkdir(join(folder, 'default/pipelines/bronze/heavy'), { recursive: true })
  await writeFile(join(folder, 'default/pipelines/bronze/heavy/pipeline.sql'), HEAVY)
  const lake = await open(folder)
  console.log('\n| longest delay of the event loop | goal | rat, median of the longest (min–max) | runs | notes |\n|---|---|---|---|---|')
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
