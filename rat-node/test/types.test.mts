// The declared types are the code: every member of a class, every option of a verb and every field of a report, in both directions.
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import * as rat from '../index.mjs'
import { Project } from './support.mjs'

const require = createRequire(import.meta.url)
const folder = new URL('../lib/', import.meta.url).pathname

interface Declared {
  kind: 'class' | 'interface'
  members: Map<string, ts.ClassElement | ts.TypeElement>
  parents: string[]
  documented: boolean
}

const declared = new Map<string, Declared>()
for (const file of readdirSync(folder).filter((name) => name.endsWith('.d.ts'))) {
  const source = ts.createSourceFile(file, readFileSync(join(folder, file), 'utf8'), ts.ScriptTarget.ES2022, true)
  source.forEachChild((node) => {
    if (!ts.isClassDeclaration(node) && !ts.isInterfaceDeclaration(node)) return
    const members = new Map<string, ts.ClassElement | ts.TypeElement>()
    for (const member of node.members) {
      if (!ts.isConstructorDeclaration(member)) members.set(member.name!.getText(source).replace(/^\[|\]$/g, ''), member)
    }
    const parents = (node.heritageClauses ?? []).flatMap((clause) => clause.types.map((type) => type.getText(source)))
    const documented = ts.getJSDocCommentsAndTags(node).length > 0
    declared.set(node.name!.text, { kind: ts.isClassDeclaration(node) ? 'class' : 'interface', members, parents, documented })
  })
}

// The same declarations as TypeScript understands them, to hold values against.
const program = ts.createProgram([new URL('../index.d.ts', import.meta.url).pathname], {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  types: ['node'],
})
const checker = program.getTypeChecker()
const module = checker.getSymbolAtLocation(program.getSourceFile(new URL('../index.d.ts', import.meta.url).pathname)!)!
const exported = new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, symbol]))
const target = (symbol: ts.Symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)

/** What of a value is not as declared, by the way to it; none when it fits. */
function unfit(value: unknown, type: ts.Type, at: string): string[] {
  const is = (flag: ts.TypeFlags) => (type.flags & flag) !== 0
  const primitives: [ts.TypeFlags, boolean][] = [
    [ts.TypeFlags.Any | ts.TypeFlags.Unknown, true],
    [ts.TypeFlags.Null, value === null],
    [ts.TypeFlags.Undefined | ts.TypeFlags.Void, value === undefined],
    [ts.TypeFlags.StringLiteral | ts.TypeFlags.NumberLiteral, value === (type as ts.LiteralType).value],
    [ts.TypeFlags.BooleanLiteral, String(value) === checker.typeToString(type)],
    [ts.TypeFlags.String, typeof value === 'string'],
    [ts.TypeFlags.Number, typeof value === 'number'],
    [ts.TypeFlags.BigInt, typeof value === 'bigint'],
  ]
  if (type.isUnion()) {
    const each = type.types.map((one) => unfit(value, one, at))
    const objects = each.filter((_, i) => type.types[i]!.flags & ts.TypeFlags.Object)
    return each.some((told) => told.length === 0) ? [] : value !== null && typeof value === 'object' && objects.length === 1 ? objects[0]! : [`${at} is ${String(value)}, and declared ${checker.typeToString(type)}`]
  }
  const known = primitives.find(([flag]) => is(flag))
  if (known) return known[1] ? [] : [`${at} is ${String(value)}, and declared ${checker.typeToString(type)}`]
  if (value === null || typeof value !== 'object') return [`${at} is ${String(value)}, and declared ${checker.typeToString(type)}`]
  const item = checker.isArrayType(type) ? checker.getTypeArguments(type as ts.TypeReference)[0]! : undefined
  if (item !== undefined || Array.isArray(value)) {
    return item && Array.isArray(value) ? value.flatMap((one, i) => unfit(one, item, `${at}[${i}]`)) : [`${at} is no ${checker.typeToString(type)}`]
  }
  const named = checker.getIndexTypeOfType(type, ts.IndexKind.String)
  if (named) return Object.entries(value).flatMap(([key, one]) => unfit(one, named, `${at}.${key}`))
  return checker.getPropertiesOfType(type).flatMap((property) => {
    const declared = checker.getTypeOfSymbol(property)
    if (declared.getCallSignatures().length > 0 || property.name.startsWith('__@')) return []
    return unfit((value as Record<string, unknown>)[property.name], declared, `${at}.${property.name}`)
  })
}

describe('the package', () => {
  it('exports what is declared, and nothing else', () => {
    const isType = (symbol: ts.Symbol) => symbol.declarations?.some(ts.isTypeOnlyImportOrExportDeclaration) ?? false
    const values = [...exported.values()].filter((symbol) => !isType(symbol) && target(symbol).flags & ts.SymbolFlags.Value).map(({ name }) => name)
    expect(values.sort()).toEqual(Object.keys(rat).sort())
    expect(program.getSemanticDiagnostics().map((one) => ts.flattenDiagnosticMessageText(one.messageText, ' '))).toEqual([])
  })

  it.each(['open', 'init'])('%s takes the declared arguments', (name) => {
    const [signature] = checker.getTypeOfSymbol(target(exported.get(name)!)).getCallSignatures()
    expect((rat as unknown as Record<string, () => void>)[name]!.length).toBe(signature!.parameters.length)
  })
})

/** The members of an interface, those of its parents included: `Omit<RunOptions, 'timeout'>` is `RunOptions` without one. */
function members(name: string): string[] {
  const { members: own, parents } = declared.get(name)!
  const inherited = parents.flatMap((parent) => {
    const omit = /^Omit<(\w+), '(\w+)'>$/.exec(parent)
    return declared.has(omit?.[1] ?? parent) ? members(omit?.[1] ?? parent).filter((member) => member !== omit?.[2]) : []
  })
  return [...inherited, ...own.keys()].sort()
}

describe('classes', () => {
  it.each([...declared].filter(([, { kind }]) => kind === 'class').map(([name]) => name))('%s', async (name) => {
    const exported = (rat as Record<string, unknown>)[name] ?? require(`../lib/${name.toLowerCase()}.js`)[name]
    expect(typeof exported, `${name} is declared and not there`).toBe('function')
    const { prototype } = exported as { prototype: object }
    const own = Object.getOwnPropertyNames(prototype).filter((member) => member !== 'constructor')
    const shown = (symbol: symbol) => symbol === Symbol.for('nodejs.util.inspect.custom')
    const symbols = Object.getOwnPropertySymbols(prototype).filter((symbol) => !shown(symbol)).map((symbol) => symbol.description!.replace('nodejs.', 'Symbol.'))
    const methods = [...declared.get(name)!.members].filter(([, member]) => ts.isMethodDeclaration(member)).map(([member]) => member)
    expect(methods.sort()).toEqual([...own, ...symbols].filter((member) => !isGetter(prototype, member)).sort())
    for (const [member, node] of declared.get(name)!.members) {
      if (!ts.isMethodDeclaration(node) || member.startsWith('Symbol.')) continue
      const method = (prototype as Record<string, () => void>)[member]!
      expect(method.length, `${name}.${member} takes as many arguments as declared`).toBe(node.parameters.length)
    }
    const getters = own.filter((member) => isGetter(prototype, member))
    expect([...declared.get(name)!.members.keys()], `${name} has a word for each getter`).toEqual(expect.arrayContaining(getters))
  })

  it('have a word for every export', () => {
    const functions = Object.keys(rat).filter((name) => name !== 'open' && name !== 'init')
    for (const name of functions) expect(declared.get(name)?.kind, name).toBe('class')
    for (const [name, { documented }] of declared) expect(documented, `${name} has no documentation`).toBe(true)
    for (const [name, { members: own }] of declared) {
      for (const [member, node] of own) {
        if (!ts.isMethodDeclaration(node) || member.startsWith('Symbol.')) continue
        expect(ts.getJSDocCommentsAndTags(node).length, `${name}.${member} has no documentation`).toBeGreaterThan(0)
      }
    }
  })
})

const isGetter = (prototype: object, member: string) => Object.getOwnPropertyDescriptor(prototype, member)?.get !== undefined

describe('options', () => {
  const types: Record<string, string> = {
    open: 'OpenOptions',
    init: 'InitOptions',
    check: 'Abortable',
    compile: 'CompileOptions',
    plan: 'PlanOptions',
    preview: 'PreviewOptions',
    test: 'TestOptions',
    graph: 'Abortable',
    run: 'RunOptions',
    submit: 'SubmitOptions',
    'runHandle.wait': 'WaitOptions',
    build: 'BuildOptions',
    maintain: 'MaintainOptions',
    write: 'WriteOptions',
    query: 'QueryOptions',
    'runs.list': 'RunFilter',
    'landing.preview': 'LandingPreviewOptions',
    'landing.restore': 'RestoreOptions',
  }
  const known = require('../rat.node').options() as Record<string, string[]>

  it.each(Object.keys(known))('%s', (verb) => {
    expect(types[verb], `the options of ${verb} have a type`).toBeDefined()
    expect(members(types[verb]!)).toEqual([...known[verb]!].sort())
  })

  it('may be undefined, each of them', () => {
    for (const type of new Set(Object.values(types))) {
      for (const [name, { members: own }] of [...declared].filter(([name]) => name === type)) {
        for (const [member, node] of own) expect((node as ts.PropertySignature).type!.getText(), `${name}.${member}`).toMatch(/\| undefined$/)
      }
    }
  })

  it.each(['Lake', 'Tables', 'Runs', 'Landing', 'Namespaces'])('are the last that every verb of %s takes, a signal among them', (noun) => {
    for (const [member, node] of declared.get(noun)!.members) {
      if (!ts.isMethodDeclaration(node) || !/^(Promise|Stream)</.test(node.type!.getText()) || member.startsWith('Symbol.')) continue
      const last = node.parameters.at(-1)!
      expect(last.name.getText(), `${noun}.${member}`).toBe('options')
      expect(members(last.type!.getText()), `${noun}.${member}`).toContain('signal')
    }
  })
})

describe('reports', () => {
  it('are declared as the core has them: node types.mjs writes them', async () => {
    const { types } = (await import(new URL('../types.mjs', import.meta.url).href)) as { types: () => string }
    expect(readFileSync(join(folder, 'report.d.ts'), 'utf8')).toBe(types())
  })

  let project: Project
  let lake: rat.Lake
  beforeAll(async () => {
    project = await Project.make()
    lake = await project.open()
    await project.write('default/pipelines/silver/orders/tests/quality/none.sql', 'select * from {{ this }} where amount < 0')
  })
  afterAll(() => project[Symbol.asyncDispose]())

  const matches = (type: string, data: object) => {
    expect(Object.keys(data).sort(), type).toEqual(members(type))
    const symbol = exported.get(type)
    expect(symbol, `${type} is exported`).toBeDefined()
    expect(unfit(data, checker.getDeclaredTypeOfSymbol(target(symbol!)), type)).toEqual([])
  }

  it('would be found out if they were of other types', () => {
    const entry = checker.getDeclaredTypeOfSymbol(target(exported.get('TableEntry')!))
    expect(unfit({ name: 'a', kind: 'table' }, entry, 'entry')).toEqual([])
    expect(unfit({ name: 1, kind: 'index' }, entry, 'entry')).toEqual([
      'entry.name is 1, and declared string',
      'entry.kind is index, and declared "table" | "view"',
    ])
    const record = checker.getDeclaredTypeOfSymbol(target(exported.get('RunRecord')!))
    expect(unfit({ snapshotId: 5 }, record, 'run')).toContain('run.snapshotId is 5, and declared bigint | null')
  })

  it('have the declared fields and no others', async () => {
    const build = await lake.build()
    matches('BuildReport', build)
    matches('RunReport', build.runs[0]!)
    matches('PhaseReport', build.runs[0]!.phases[0]!)
    matches('LogLine', build.runs[0]!.logs[0]!)
    matches('TestResult', build.runs[0]!.tests[0]!)
    const preview = await lake.preview('silver.orders')
    matches('Preview', preview)
    matches('PreviewPhase', preview.phases[0]!)
    matches('TableEntry', (await lake.tables.list())[0]!)
    const table = await lake.tables.get('silver.orders')
    matches('TableInfo', table)
    matches('NamedReference', table.references[0]!)
    matches('HistoryEntry', (await lake.tables.history('silver.orders'))[0]!)
    const page = await lake.runs.list()
    matches('RunPage', page)
    matches('RunRecord', page.runs[0]!)
    matches('TestLine', (await lake.runs.tests(build.runs[0]!.id))[0]!)
    const graph = await lake.graph()
    matches('GraphNode', graph.nodes[0]!)
    matches('LatestRun', graph.nodes[0]!.latestRun!)
    matches('Column', graph.nodes[0]!.columns![0]!)
    matches('ColumnLineage', graph.nodes[1]!.lineage[0]!)
    matches('ColumnOrigin', graph.nodes[1]!.lineage[0]!.from[0]!)
    matches('GraphEdge', graph.edges[0]!)
    await lake.landing.put('z', 'a.csv', 'a\n1\n')
    matches('Zone', (await lake.landing.zones())[0]!)
    matches('ZoneFile', (await lake.landing.files('z'))[0]!)
    matches('Restored', await lake.landing.restore('z'))
    await project.pipeline('gold/broken', 'select nothing')
    const compiled = await lake.compile('silver.orders')
    matches('Compiled', compiled)
    matches('CompiledTest', compiled.tests[0]!)
    matches('ConfigValue', compiled.config[0]!)
    matches('ConfigOrigin', compiled.config.find(({ origin }) => origin)!.origin!)
    await project.pipeline('bronze/landed', "select * from {{ landing_zone('z') }}")
    matches('CompiledZone', (await lake.compile('bronze.landed')).landingZones[0]!)
    matches('TestResult', (await lake.test('silver.orders'))[0]!)
    const plan = await lake.plan('silver.orders')
    matches('WritePlan', plan)
    matches('PlannedTest', plan.tests[0]!)
    const maintained = await lake.maintain(undefined, { dryRun: true })
    matches('MaintenanceReport', maintained)
    matches('MaintainedTable', maintained.tables[0]!)
    const report = await lake.check()
    matches('CheckReport', report)
    matches('CheckedPipeline', report.pipelines[0]!)
    matches('Diagnostic', report.diagnostics[0]!)
    matches('Label', report.diagnostics[0]!.labels[0]!)
    const error = (await lake.run('gold.broken').catch((error: unknown) => error)) as rat.RatError
    const fields = Object.keys(error).filter((field) => field !== 'name' && field !== 'report')
    expect(fields.sort()).toEqual([...declared.get('RatError')!.members.keys()].sort())
  })
})
