// The event loop goes on turning while the engine works.
import { monitorEventLoopDelay } from 'node:perf_hooks'

import { expect, it } from 'vitest'

import { HEAVY, Project } from './support.mjs'

it('is not held up by a heavy run', async () => {
  await using project = await Project.make({ 'bronze/heavy': HEAVY })
  const lake = await project.open()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  delay.enable()
  const report = await lake.run('bronze.heavy')
  delay.disable()
  clearInterval(timer)
  const [most, usual] = [delay.max / 1e6, delay.percentile(50) / 1e6]
  console.log(`run of ${report.durationMs} ms: event loop held up for ${most.toFixed(1)} ms at the most, ${usual.toFixed(1)} ms as a rule, ${turns} turns`)
  expect(report.rowsTotal).toBe(2_000_000)
  // A verb that ran on the event loop would leave it no turn at all. How long the machine itself takes to give Node a turn is not rat's.
  expect(turns).toBeGreaterThan(report.durationMs / 100)
  expect(most).toBeLessThan(report.durationMs / 2)
})
