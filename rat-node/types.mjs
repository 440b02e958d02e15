// Writes lib/report.d.ts, the types of what the core says, from the structs of rat-core with their words: `node rat-node/types.mjs`.
//
// A test holds the file against what this writes, and against reports of real runs.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const core = join(here, '../rat-core/src')

/** The public types of the core that Node gets, by room, in the order of the file; after `=`, what they are called here. */
const ROOMS = {
  ledger: ['Status=RunStatus'],
  plan: ['Column', 'ColumnLineage', 'Origin=ColumnOrigin'],
  quality: ['TestResult'],
  run: ['Phase', 'PhaseReport', 'RunReport', 'BuildReport', 'Event', 'WritePlan', 'LandedInput', 'PlannedTest', 'SchemaChange'],
  merge: ['Amount'],
  lake: ['Preview', 'PreviewPhase', 'Compiled', 'CompiledZone', 'CompiledTest', 'ConfigValue', 'ConfigOrigin', 'GraphNode', 'GraphEdge', 'LatestRun', 'TableInfo'],
  tables: ['Entry=TableEntry', 'HistoryEntry', 'NamedReference'],
  maintain: ['MaintenanceReport', 'MaintainedTable'],
  landing: ['Zone', 'ZoneFile', 'Restored'],
}
const RECORDS = ['RunRecord', 'RunPage', 'LogLine', 'TestLine']
ROOMS.ledger.push(...RECORDS)

/** What the core's types are in JavaScript, where they are none of the above. */
const PLAIN = {
  bool: 'boolean',
  String: 'string',
  "&'static str": 'string',
  Name: 'string',
  'DateTime<Utc>': 'string',
  'serde_json::Value': 'unknown',
  RecordBatch: 'Record<string, unknown>[]',
  QueryResult: 'Result',
  Error: 'RatError',
  Diagnostic: 'Diagnostic',
  // What the ledger calls `Status` goes by this name elsewhere.
  RunStatus: 'RunStatus',
}
const NUMBERS = /^(u|i)(8|16|32|64|size)$|^f64$|^Duration$/

const sources = readdirSync(core, { recursive: true })
  .filter((name) => name.endsWith('.rs'))
  .map((name) => ({ room: name.split(/[/.]/)[0], text: readFileSync(join(core, name), 'utf8') }))

/** The fields that a double would round, as the glue has them. */
const identifiers = words(/IDENTIFIERS: \[&str; \d+\] = \[(.*?)\]/.exec(readFileSync(join(here, 'src/report.rs'), 'utf8'))[1])
const names = new Map(Object.values(ROOMS).flat().map((entry) => entry.split('=')).map(([own, here]) => [own, here ?? own]))

function words(list) {
  return [...list.matchAll(/"(\w+)"/g)].map(([, word]) => word)
}

/** The documentation before an item, in the words of JavaScript. What is a link is a field of a report; any other word is the user's own. */
function told(lines) {
  const text = (lines ?? '').replace(/^ *\/\/\/ ?/gm, '').trim()
  const named = (_, type, field) => (type ? `\`${camel(field)}\` of \`${type}\`` : `\`${camel(field)}\``)
  return text.replace(/\[`(?:(\w+)::)?(\w+)`\](?:\([^)]*\))?/g, named).replace(/`None`/g, 'null')
}

/** The same of what may be null, which Rust's documentation calls none. */
const nullable = (text) => text.replace(/\bnone(?= (?:on|for|when|at|while|where|until|before)\b)/g, 'null')

function comment(text, indent = '') {
  if (!text) return ''
  const lines = text.split('\n')
  if (lines.length === 1 && text.length + indent.length < 134) return `${indent}/** ${text} */\n`
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`
}

const camel = (name) => name.replace(/_+(\w)/g, (_, letter) => letter.toUpperCase())
const snake = (name) => name.replace(/(?<=.)[A-Z]/g, (letter) => `_${letter}`).toLowerCase()

/** An item of the core: its documentation, its attributes, its body. */
function item(kind, name, room) {
  const pattern = new RegExp(`((?:^///.*\\n)*)((?:^#\\[.*\\n)*)^pub ${kind} ${name} \\{\\n([\\s\\S]*?)^\\}`, 'm')
  const found = sources.filter((source) => pattern.test(source.text))
  const [source] = found.filter((source) => source.room === room).concat(found)
  return source && pattern.exec(source.text)
}

/** The values of an enum that goes as a word. */
function variants(name) {
  const [, , , body] = item('enum', name) ?? []
  return body && [...body.matchAll(/^    (\w+),$/gm)].map(([, variant]) => `'${snake(variant)}'`).join(' | ')
}

/** The type of a field, which `doc` may know more closely: the words that a text can be. */
function typed(type, field, doc) {
  const inside = /^(Option|Vec|Box|Arc|BTreeMap)<(.*)>$/.exec(type)
  if (inside) {
    const [, outer, inner] = inside
    if (outer === 'Option') return `${typed(inner, field, doc)} | null`
    if (outer === 'Box' || outer === 'Arc') return typed(inner, field, doc)
    if (outer === 'BTreeMap') return `Record<string, ${typed(inner.replace(/^String, /, ''), field, doc)}>`
    const one = typed(inner, field, doc)
    return one.includes('|') ? `(${one})[]` : `${one}[]`
  }
  if (type === 'i64' && identifiers.includes(field)) return 'bigint'
  if (NUMBERS.test(type)) return 'number'
  if (names.has(type)) return names.get(type)
  if (type.endsWith('String') || type.endsWith('str')) {
    const listed = /^(`\w+`)(, `\w+`)*( or `\w+`)\.?$/.exec(doc.trim())
    return listed ? [...doc.matchAll(/`(\w+)`/g)].map(([, word]) => `'${word}'`).join(' | ') : 'string'
  }
  const known = PLAIN[type] ?? variants(type)
  if (!known) throw new Error(`what \`${type}\` of \`${field}\` is in JavaScript is not known`)
  return known
}

/** The fields of a body, each a line with its documentation. */
function fields(body, indent, pub, ok) {
  const found = []
  for (const [, doc, attributes, name, type] of body.matchAll(new RegExp(`((?:^ *///.*\\n)*)((?:^ *#\\[.*\\n)*)^ *${pub}(\\w+): (.*?),?$`, 'gm'))) {
    const isRows = type === 'QueryResult'
    if (/serde\(skip\)/.test(attributes) && !isRows) continue
    const field = /rename = "(\w+)"/.exec(attributes)?.[1] ?? name
    if (/ok_/.test(attributes)) found.unshift(`${comment(told(ok), indent)}${indent}ok: boolean`)
    const here = typed(type, field, told(doc))
    found.push(`${comment(here.includes('null') ? nullable(told(doc)) : told(doc), indent)}${indent}${camel(field)}: ${here}`)
  }
  return found
}

function declared(own, room) {
  const name = names.get(own)
  const struct = item('struct', own, room)
  if (struct) {
    const [, doc, , body] = struct
    const ok = sources.map(({ text }) => new RegExp(`^impl ${own} \\{[\\s\\S]*?((?:^    ///.*\\n)+)    pub fn is_ok`, 'm').exec(text)).find(Boolean)?.[1]
    // The rest of it is about methods, which are Rust's.
    const [first] = told(doc).split('\n\n')
    return `${comment(first)}export interface ${name} {\n${fields(body, '  ', 'pub ', ok).join('\n')}\n}`
  }
  const [, doc, attributes, body] = item('enum', own, room)
  const tag = /tag = "(\w+)"/.exec(attributes)?.[1]
  if (!tag) return `${comment(told(doc))}export type ${name} = ${variants(own)}`
  const content = /content = "(\w+)"/.exec(attributes)?.[1]
  const union = [...body.matchAll(/((?:^    \/\/\/.*\n)+)^    (\w+)(?:\((\w+)\)|( \{\n[\s\S]*?^    \}))?,$/gm)].map(([, doc, variant, inner, struct]) => {
    const parts = [`${tag}: '${snake(variant)}'`]
    if (inner) parts.push(`${content}: ${typed(inner, content, '')}`)
    if (struct) parts.push(...fields(struct.replace(/^ *\/\/\/.*\n/gm, ''), '', '', '').map((field) => field.trim()))
    return `${comment(told(doc), '  ')}  | { ${parts.join('; ')} }`
  })
  return `${comment(told(doc))}export type ${name} =\n${union.join('\n')}`
}

/** The file. */
export function types() {
  const head = `// Written by types.mjs from the structs of rat-core. Times are ISO 8601 in UTC, durations in milliseconds, sizes in bytes.
import type { Diagnostic, RatError } from './errors.js'
import type { Result } from './query.js'
`
  return [head, ...Object.entries(ROOMS).flatMap(([room, types]) => types.map((type) => `${declared(type.split('=')[0], room)}\n`))].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(join(here, 'lib/report.d.ts'), types())
