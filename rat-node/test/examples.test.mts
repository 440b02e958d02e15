// The example programs, run as a reader would; those with an answer say the same in Rust and Python.
import { execFile } from 'node:child_process'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, it } from 'vitest'

const run = promisify(execFile)
const examples = new URL('../../examples', import.meta.url).pathname
const answers = await readdir(join(examples, 'answers'))
const given: Record<string, string[]> = { late_airlines: ['45'] }

it.each((await readdir(join(examples, 'node'))).filter((file) => file.endsWith('.mjs')))('%s', async (file) => {
  const name = file.replace('.mjs', '')
  // What a reader copies works where the package is installed.
  expect(await readFile(join(examples, 'node', file), 'utf8')).toContain("from '@rat/node'")
  const { stdout } = await run(process.execPath, [join(examples, 'node', file), ...(given[name] ?? [])])
  expect(stdout.trim()).not.toBe('')
  if (answers.includes(`${name}.txt`)) expect(stdout).toBe(await readFile(join(examples, 'answers', `${name}.txt`), 'utf8'))
})

it('each answer has its program', async () => {
  const programs = await readdir(join(examples, 'node'))
  expect(answers.length).toBeGreaterThan(1)
  for (const answer of answers) expect(programs).toContain(answer.replace('.txt', '.mjs'))
})
