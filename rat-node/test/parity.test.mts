// No verb in one language only: what the Rust door offers is there in Node under the same name in camelCase, and the other way round.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

const root = new URL('../..', import.meta.url).pathname
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** The nouns: the Rust type, its file, and the class and file in Node. */
const NOUNS: [string, string, string, string][] = [
  ['Lake', 'mod', 'Lake', 'lake'],
  ['TableList', 'tables', 'Tables', 'tables'],
  ['RunHistory', 'runs', 'Runs', 'runs'],
  ['LandingZones', 'landing', 'Landing', 'landing'],
  ['Namespaces', 'namespaces', 'Namespaces', 'namespaces'],
  ['Graph', 'graph', 'Graph', 'graph'],
]

/** What only one language can have, and why. */
const RUST_ONLY = [
  'Lake.builder', // components such as a clock are given in Rust; the others have options of `open`
  'Lake.open', // a function of the module elsewhere
  'Lake.settings', // a struct of the library's
  'Graph.node', // `nodes.find` elsewhere
]

function rust(type: string, file: string): string[] {
  const text = read(`rat-core/src/lake/${file}.rs`)
  const blocks = [...text.matchAll(new RegExp(`^impl ${type}(?:<'_>)? \\{\\n([\\s\\S]*?)^\\}`, 'gm'))].map(([, body]) => body!)
  const names = blocks.flatMap((body) => [...body.matchAll(/^ {4}pub (?:async )?fn (\w+)/gm)].map(([, name]) => camel(name!)))
  return names.filter((name) => !RUST_ONLY.includes(`${type}.${name}`)).sort()
}

function node(name: string, file: string): string[] {
  const [, body] = new RegExp(`^export class ${name}[^{]*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(read(`rat-node/lib/${file}.d.ts`))!
  const members = [...body!.matchAll(/^ {2}(?:readonly )?(\w+)[(:?]/gm)].map(([, member]) => member!)
  return members.filter((member) => !['private', 'nodes', 'edges'].includes(member)).map((member) => (member === 'toJSON' ? 'toJson' : member)).sort()
}

it.each(NOUNS)('%s', (type, file, name, declared) => {
  const verbs = rust(type, file)
  expect(verbs.length).toBeGreaterThan(0)
  expect(node(name, declared)).toEqual(verbs)
})
