// New York's flights of January 2013, week by week: landed files to bronze, silver and gold, and an answer.
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { open } from '@rat/node'

const examples = fileURLToPath(new URL('..', import.meta.url))
const data = join(examples, 'data', 'nycflights13')

const answer = `
select carrier, airline, flights, average_departure_delay, average_arrival_delay
from gold.carrier_delays
order by average_arrival_delay desc`

/** What another system does: puts a file where the pipeline looks for it. */
async function land(project, zone, file) {
  const folder = join(project, 'default', 'landing', zone)
  await mkdir(folder, { recursive: true })
  await cp(join(data, file), join(folder, file))
}

const folder = await mkdtemp(join(tmpdir(), 'rat-flights-'))
try {
  const project = join(folder, 'flights')
  await cp(join(examples, 'projects', 'flights'), project, { recursive: true })
  for (const zone of ['airlines', 'airports', 'planes']) await land(project, zone, `${zone}.csv`)
  await land(project, 'weather', 'weather_2013-01.csv')

  const lake = await open(project)
  for (let week = 1; week <= 5; week++) {
    await land(project, 'flights', `flights_2013-01_week${week}.csv`)
    const report = await lake.build()
    const ran = report.runs.filter((run) => !run.skippedReason)
    console.log(`week ${week}: ${ran.length} of ${report.runs.length} pipelines ran in ${report.durationMs} ms`)
  }
  const [{ n }] = (await lake.query('select count(*) as n from silver.flights')).toArray()
  console.log(`${n.toLocaleString('en-US')} flights in January 2013`)
  for (const row of (await lake.query(answer)).toArray()) {
    const [departure, arrival] = [row.average_departure_delay, row.average_arrival_delay].map((d) => d.toFixed(2).padStart(8))
    console.log(`${row.carrier}  ${row.airline.padEnd(28)}${String(row.flights).padStart(6)}${departure}${arrival}`)
  }
  lake.close()
} finally {
  await rm(folder, { recursive: true, force: true })
}
