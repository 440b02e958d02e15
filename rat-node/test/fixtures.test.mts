// Every broken project of tests/projects/errors is reported here as in Rust's snapshot: code, path, line, column, and the drawing.
import { cp, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { type Diagnostic, RatError } from '../index.mjs'
import { Project, rejection } from './support.mjs'

const errors = new URL('../../tests/projects/errors', import.meta.url).pathname
const fixtures = await readdir(errors)
process.env.RAT_FIXTURE_REGION = 'eu-west-1'

/** The one table of every fixture's lake that no pipeline makes. */
const CRM = "select 1::bigint as id, 'Ada' as name, 1.5::double as amount, timestamp '2024-01-01 00:00:00' as ts\n"

/** A copy of the fixture's folder, in a lake that has that table if the fixture speaks of it. */
async function project(fixture: string): Promise<Project> {
  const copy = await Project.make({})
  const source = join(errors, fixture)
  const texts = (await readdir(source, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const all = await Promise.all(texts.map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')))
  if (all.some((text) => text.includes('crm'))) {
    const lake = await copy.open()
    const rows = await lake.query(CRM)
    await lake.write('bronze.crm', await rows.toIPC())
  }
  await cp(source, copy.folder, { recursive: true })
  return copy
}

/** The places of a drawn report: `error[CODE]: …` and the `-->` below it. */
function places(drawn: string): (string | number | null)[][] {
  return [...drawn.matchAll(/^(?:error|warning)\[(\w+)\].*(?:\n {2}--> (.*):(\d+):(\d+)$)?/gm)].map(([, code, path, line, column]) => [
    code!,
    path ?? null,
    line ? Number(line) : null,
    column ? Number(column) : null,
  ])
}

const place = (d: Diagnostic) => [d.code, d.path, d.line, d.column]

describe('a broken project', () => {
  it.each(fixtures)('%s', async (fixture) => {
    await using copy = await project(fixture)
    const sections = (await readFile(join(errors, fixture, 'expected.snap'), 'utf8')).split(/^== (\w+) ==\n/m)
    const section = (name: string) => sections[sections.indexOf(name) + 1]?.trim() ?? ''
    const opened = await copy.open().catch((error: unknown) => error)
    if (opened instanceof RatError) {
      // What is wrong with rat.toml keeps the lake shut; the rest of the project is not looked at.
      const expected = places(section('diagnostics')).filter(([, path]) => path === 'rat.toml')
      expect(opened.diagnostics.map(place)).toEqual(expected)
      expect(opened.code).toBe(opened.diagnostics.find((d) => d.severity === 'error')!.code)
      return
    }
    const lake = await copy.open()
    if (sections.includes('diagnostics')) {
      const { diagnostics } = await lake.check()
      expect(diagnostics.map((d) => d.drawn).join('\n\n')).toBe(section('diagnostics'))
      expect(diagnostics.map(place)).toEqual(places(section('diagnostics')))
    }
    for (const [, line, code] of section('select').matchAll(/^(.*)\nerror\[(\w+)\]/gm)) {
      expect(await rejection(lake.check(line!)), line).toMatchObject({ code })
    }
  })
})
