// A run in the background: it goes on by itself, is waited for, listened to and cancelled.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { CancelledError, ConflictError, type Event, InvalidError, type Lake, NotFoundError, RunFailedError, RunHandle, TimeoutError } from '../index.mjs'
import { HEAVY, ORDERS, Project, rejection } from './support.mjs'

let project: Project
let lake: Lake

beforeEach(async () => {
  project = await Project.make({ 'silver/orders': ORDERS, 'bronze/heavy': HEAVY, 'silver/broken': "select cast('x' as int) as id" })
  lake = await project.open()
})

afterEach(() => project[Symbol.asyncDispose]())

async function all(handle: RunHandle): Promise<Event[]> {
  const events: Event[] = []
  for await (const event of handle.events()) events.push(event)
  return events
}

describe('a submitted run', () => {
  it('goes on when its lake is closed, and tells all that happened', async () => {
    const handle = await lake.submit('silver.orders')
    lake.close()
    expect(handle).toBeInstanceOf(RunHandle)
    const report = await handle.wait()
    expect([report.id, handle.id, handle.status, handle.pipeline, report.rowsTotal]).toEqual([handle.id, report.id, 'success', 'default.silver.orders', 2])
    const events = await all(handle)
    expect(events.flatMap((event) => (event.event === 'phase' ? [event.phase] : []))).toEqual(['plan', 'execute', 'write', 'test', 'publish'])
    expect([events.at(0)!.event, events.at(-1)!.event]).toEqual(['started', 'finished'])
    expect(await rejection(lake.submit('silver.orders'))).toMatchObject({ code: 'CLOSED' })
  })

  it('is left going by a wait that ends before it does, and ends as cancelled', async () => {
    const handle = await lake.submit('bronze.heavy')
    expect(await rejection(handle.wait({ timeout: 0 }))).toBeInstanceOf(TimeoutError)
    expect(await rejection(handle.wait({ signal: AbortSignal.abort() }))).toBeInstanceOf(CancelledError)
    expect(['pending', 'running']).toContain(handle.status)
    handle.cancel()
    const failed = (await rejection(handle.wait())) as RunFailedError
    expect(failed).toBeInstanceOf(RunFailedError)
    expect([failed.kind, handle.status]).toEqual(['cancelled', 'cancelled'])
    expect((await lake.runs.get(handle.id)).status).toBe('cancelled')
    expect((await handle.wait({ raiseOnFailure: false })).error).toBeInstanceOf(CancelledError)
    expect((await all(handle)).at(-1)).toMatchObject({ event: 'finished', report: { status: 'cancelled' } })
    expect(await rejection(lake.query('select * from bronze.heavy'))).toMatchObject({ code: 'NOT_BUILT' })
  })

  it('fails as a run does', async () => {
    const handle = await lake.submit('silver.broken')
    const failed = (await rejection(handle.wait())) as RunFailedError
    expect([failed.code, failed.report]).toMatchObject(['EXECUTION_FAILED', { status: 'failed' }])
    expect(await rejection(lake.submit('silver.brokn'))).toBeInstanceOf(NotFoundError)
  })

  it('refuses what cannot be waited with', async () => {
    const handle = await lake.submit('silver.orders')
    const wrong: [object, string][] = [
      [{ timeout: '1' }, '`timeout` must be a number of seconds, not negative, and is "1"'],
      [{ signal: 1 }, '`signal` must be an AbortSignal, and is 1'],
      [{ raiseOnFailure: 0 }, '`raiseOnFailure` must be a boolean, and is 0'],
      [{ timout: 1 }, '`timout` is not an option of `runHandle.wait`'],
    ]
    for (const [options, summary] of wrong) {
      const error = await rejection(handle.wait(options))
      expect(error).toBeInstanceOf(InvalidError)
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', summary })
    }
    await handle.wait()
  })
})

describe('runs.cancel', () => {
  it('stops a run that somebody awaits, and says of others why not', async () => {
    let id: string | undefined
    const running = lake.run('bronze.heavy', {
      onEvent: async (event) => {
        if (event.event === 'phase' && event.phase === 'execute') await lake.runs.cancel((id = event.runId))
      },
    })
    expect(await rejection(running)).toMatchObject({ kind: 'cancelled', report: { status: 'cancelled' } })
    expect(await rejection(lake.runs.cancel(id!))).toMatchObject({ code: 'RUN_ENDED' })
    expect(await rejection(lake.runs.cancel('none'))).toMatchObject({ code: 'RUN_NOT_FOUND' })
    const other = await project.open()
    const handle = await lake.submit('bronze.heavy')
    for await (const event of handle.events()) if (event.event === 'started') break
    const elsewhere = await rejection(other.runs.cancel(handle.id))
    expect(elsewhere).toBeInstanceOf(ConflictError)
    expect(elsewhere).toMatchObject({ code: 'RUN_ELSEWHERE' })
    handle.cancel()
    await handle.wait({ raiseOnFailure: false })
  })
})
