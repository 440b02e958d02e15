// A worker that ends takes what it asked for with it, and nothing else.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { expect, it } from 'vitest'

const run = (what: string) => promisify(execFile)(process.execPath, [new URL('workers.mjs', import.meta.url).pathname, what], { timeout: 50_000 })

it('outlives workers that end while a run tells them what happens', async () => {
  expect((await run('crash')).stdout).toBe('over\n')
})

it('stops the queries of a worker that ended', async () => {
  expect((await run('query')).stdout).toBe('over\n')
})
