// Programs in the guides and in the README run: each as it is printed, but for the folder, and the port, which a test may not choose.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import ts from 'typescript'
import { expect, it } from 'vitest'

import { Project } from './support.mjs'

const root = new URL('../..', import.meta.url).pathname

it('the README runs, and its types hold', async () => {
  await using project = await Project.make({})
  const [, program] = /```ts\n([\s\S]*?)```/.exec(await readFile(join(root, 'rat-node/README.md'), 'utf8'))!
  const file = join(project.folder, 'readme.mts')
  await writeFile(file, program!.replace('./shop', join(project.folder, 'shop')).replace('@rat/node', join(root, 'rat-node/index.mjs')))
  const options: ts.CompilerOptions = {
    strict: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    typeRoots: [join(root, 'rat-node/node_modules/@types')],
    types: ['node'],
  }
  const compiled = ts.createProgram([file], options)
  expect(ts.getPreEmitDiagnostics(compiled).map((one) => ts.flattenDiagnosticMessageText(one.messageText, ' '))).toEqual([])
  compiled.emit()
  const { stdout } = await promisify(execFile)(process.execPath, [file.replace('.mts', '.mjs')])
  expect(stdout).toContain('default.gold.daily_sales success')
  expect(stdout).toContain('day: 2024-03-01T00:00:00.000Z')
}, 60_000)

it('guides/service.md answers, refuses and stays up', async () => {
  await using project = await Project.make({ 'gold/customers': "select 'Ada' as customer, 2::int as orders, 12.50::decimal(5, 2) as total\n" })
  await (await project.open()).build()
  const [, program] = /```js\n([\s\S]*?)```/.exec(await readFile(join(root, 'docs/guides/service.md'), 'utf8'))!
  const file = join(project.folder, 'service.mjs')
  const port = program!.replace('.listen(8080)', '.listen(0, function () { console.log(this.address().port) })')
  expect(port).not.toBe(program)
  await writeFile(file, port.replace('./shop', project.folder).replace('@rat/node', join(root, 'rat-node/index.mjs')))
  const service = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(service.stdout, 'data')) as [Buffer]
    const ask = async (query: string) => {
      const response = await fetch(`http://localhost:${line.toString().trim()}/${query}`)
      return [response.status, await response.text()]
    }
    expect(await ask('?customer=Ada')).toEqual([200, '[{"orders":2,"total":"12.50"}]'])
    expect(await ask("?customer=' or 1=1 --")).toEqual([200, '[]'])
    expect(await ask('')).toEqual([200, '[]'])
  } finally {
    service.kill()
  }
})
