// Which days' sales did this morning's corrections change? A table is asked as it is, and as it was under a tag.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { init } from '@rat/node'

const CORRECTION = 'order_id,customer,ordered_at,amount\n2,Grace,2024-03-01 10:30:00,18.00\n'
const SALES = "select strftime(day, '%Y-%m-%d') as day, amount from gold.daily_sales order by day"

const folder = await mkdtemp(join(tmpdir(), 'rat-changed-'))
try {
  const lake = await init(join(folder, 'shop'))
  await lake.build()
  await lake.tables.tag('gold.daily_sales', 'yesterday')
  await lake.landing.put('orders', '2024-03-03.csv', CORRECTION)
  await lake.build()
  const before = new Map((await lake.query(SALES, { asOf: 'yesterday' })).toArray().map(({ day, amount }) => [day, amount]))
  for (const { day, amount } of await lake.query(SALES)) {
    if (amount !== before.get(day)) console.log(`${day}: ${before.get(day)} became ${amount}`)
  }
  lake.close()
} finally {
  await rm(folder, { recursive: true, force: true })
}
