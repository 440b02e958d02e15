// Reads many rows and says how much memory that took: `node memory.mjs ROWS`.
import { open } from '../index.mjs'

const sql = (rows) => `select i, i * 0.5 as x, 'a text of some length, the same in each row' as s from generate_series(1, ${rows}) t(i)`
/** The most memory that this process ever had, in bytes. */
const peak = () => process.resourceUsage().maxRSS * 1024

const lake = await open('memory://')
const read = async (rows) => {
  let seen = 0
  for await (const batch of lake.stream(sql(rows))) seen += batch.numRows
  return seen
}
await read(100_000)
const before = peak()
console.log(JSON.stringify([await read(Number(process.argv[2])), peak() - before]))
