// A project in a temporary folder, and the one shop that most tests are about.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { type Lake, type OpenOptions, open } from '../index.mjs'

export const ORDERS = `-- @merge_strategy: incremental
-- @unique_key: id
select * from (values (1, 'Ada', 12.5), (2, 'Bob', 7.25)) t(id, customer, amount)
`
export const TOTALS = "select customer, sum(amount) as total from {{ ref('silver.orders') }} group by customer order by customer\n"
/** Rows enough that a debug build is busy with them for a while. */
export const HEAVY = 'select i as id, i % 1000 as customer, i * 1.5 as amount from generate_series(1, 2000000) t(i)\n'

/** A query that takes longer than anybody waits, step by small step: it can be stopped soon on a slow machine, too. */
export const SLOW = 'select i from generate_series(1, 1000000000000) t(i) where sin(i) > 2'

export class Project {
  private opened: Lake[] = []
  private constructor(readonly folder: string) {}

  static async make(pipelines: Record<string, string> = { 'silver/orders': ORDERS, 'gold/totals': TOTALS }): Promise<Project> {
    const project = new Project(await mkdtemp(join(tmpdir(), 'rat-node-')))
    for (const [name, sql] of Object.entries(pipelines)) await project.pipeline(name, sql)
    return project
  }

  async write(path: string, text: string | Uint8Array): Promise<void> {
    const file = join(this.folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }

  pipeline(name: string, sql: string): Promise<void> {
    return this.write(`default/pipelines/${name}/pipeline.sql`, sql)
  }

  async open(options?: OpenOptions): Promise<Lake> {
    const lake = await open(this.folder, options)
    this.opened.push(lake)
    return lake
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const lake of this.opened) lake.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** What a promise was rejected with; a test fails when it was not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('the promise was not rejected')
}
