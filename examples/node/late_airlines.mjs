// Which airlines arrive late most often? A query with a parameter over a month of real flights.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { init } from '@rat/node'

const LATE = `
select airline, count(*) as flights, round(100.0 * count(*) filter (where arrival_delay > $minutes) / count(*), 1) as late
from silver.flights
where arrival_delay is not null
group by airline
order by late desc
limit 5`

const minutes = Number(process.argv[2] ?? 30)
const folder = await mkdtemp(join(tmpdir(), 'rat-late-'))
try {
  const lake = await init(join(folder, 'flights'), { example: 'flights' })
  await lake.build('+silver.flights')
  console.log(`arrived more than ${minutes} minutes late, January 2013`)
  for (const { airline, flights, late } of await lake.query(LATE, { params: { minutes } })) {
    console.log(`${airline.padEnd(28)}${String(flights).padStart(7)}${Number(late).toFixed(1).padStart(7)} %`)
  }
  lake.close()
} finally {
  await rm(folder, { recursive: true, force: true })
}
