// House rules that no compiler or linter knows. Each is first shown to fail on a made-up offender:
// a check that cannot fail is a defect. Then it is held against every source file of the monorepo.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { everyTestRuns, fileLength, kebabCase, noEscapeFromTypes } from './tidy/form.ts'
import { forbiddenGlobals } from './tidy/globals.ts'
import { packageImports, type Manifest } from './tidy/packages.ts'
import { coreIsSynchronous, roomDirection } from './tidy/rooms.ts'
import { sourceFile, type Rule, type SourceFile } from './tidy/source-file.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const packageNames = readdirSync(join(root, 'packages')).filter((name) =>
  existsSync(join(root, 'packages', name, 'package.json')),
)
const manifests = Object.fromEntries(
  packageNames.map((name): [string, Manifest] => [
    name,
    JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest,
  ]),
)
const files: SourceFile[] = packageNames.flatMap((name) =>
  ['src', 'test'].flatMap((folder) => {
    const path = `packages/${name}/${folder}`
    if (!existsSync(join(root, path))) return []
    return readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
      .map((below) => `${path}/${below.replaceAll('\\', '/')}`)
      .filter((file) => file.endsWith('.ts'))
      .map((file) => sourceFile(file, readFileSync(join(root, file), 'utf8')))
  }),
)

/** [path below packages/, source, what the rule says about it or undefined when it keeps the rule] */
type Case = readonly [path: string, text: string, says: RegExp | undefined]

function proven(rule: Rule, cases: readonly Case[]): void {
  test.each(cases)('%s: %j', (path, text, says) => {
    const found = rule(sourceFile(`packages/${path}`, text))
    expect(found).toEqual(says === undefined ? [] : [expect.stringMatching(says)])
  })
  test('the rule tells keeping from breaking', () => {
    expect(cases.some(([, , says]) => says !== undefined)).toBe(true)
    expect(cases.some(([, , says]) => says === undefined)).toBe(true)
  })
  test('every file keeps it', () => {
    expect(files.flatMap(rule)).toEqual([])
  })
}

test('there are files to look at', () => {
  expect(files.map(({ path }) => path)).toContain('packages/conformance/src/tidy.test.ts')
})

describe('packages import as allowed, through public doors', () => {
  const made: Record<string, Manifest> = {
    core: {
      exports: { '.': {}, './folder': {}, './quantiles': {} },
      dependencies: { eventemitter3: '5', immutable: '5' },
      peerDependencies: { '@datadog/sketches-js': '2' },
      devDependencies: { flatqueue: '3', zod: '4' },
    },
    triggers: { exports: { '.': {} }, dependencies: { '@tidemark/core': 'workspace:^' } },
    serving: { exports: { '.': {}, './embedded': {} }, dependencies: { '@tidemark/core': 'workspace:^' } },
    testing: {
      exports: { '.': {} },
      dependencies: { '@tidemark/core': 'workspace:^', '@tidemark/triggers': 'workspace:^' },
      peerDependencies: { 'fast-check': '4' },
    },
    kafka: { exports: { '.': {} }, devDependencies: { '@tidemark/services': 'workspace:*' } },
    services: { exports: { '.': {} } },
    bench: { dependencies: { '@tidemark/core': 'workspace:*' } },
  }
  const cases: Case[] = [
    ['core/src/time/a.ts', "import { b } from './b.ts'", undefined],
    ['core/src/time/a.ts', "import { EventEmitter } from 'eventemitter3'", undefined],
    ['core/src/time/a.ts', "// import { z } from 'zod'\nconst a = \"import x from 'zod'\"", undefined],
    ['core/src/time/a.ts', "import { z } from 'zod'", /a\.ts:1 zod: core may not depend/],
    ['core/src/time/a.ts', "export * from 'lodash'", /lodash: core may not depend/],
    ['core/src/time/a.ts', "\nimport type { X } from '@tidemark/triggers'", /a\.ts:2 .* may not depend on triggers/],
    ['core/src/time/a.ts', "type X = import('@tidemark/triggers').X", /core may not depend on triggers/],
    ['core/src/time/a.ts', "const x = await import('node:fs')", /runs in browsers too; only src\/folder\//],
    ['core/src/folder/a.ts', "import { readFileSync } from 'node:fs'", undefined],
    ['core/src/time/a.test.ts', "import { readFileSync } from 'node:fs'\nimport { test } from 'vitest'", undefined],
    ['core/src/time/a.ts', "import { test } from 'vitest'", /vitest: core may not depend/],
    ['core/src/quantiles/index.ts', "import { DDSketch } from '@datadog/sketches-js'", undefined],
    ['core/src/aggregate/a.ts', "import { DDSketch } from '@datadog/sketches-js'", /only src\/quantiles\//],
    ['core/src/time/a.ts', "import { b } from './b.js'", /end it in \.ts/],
    ['core/src/time/a.ts', "import { b } from '@tidemark/core'", /by relative paths/],
    ['triggers/src/a.ts', "import { b } from '@tidemark/core'", undefined],
    ['triggers/src/a.ts', "import { b } from '@tidemark/core/dist/b.js'", /deep import/],
    ['triggers/src/a.ts', "import { b } from '../../core/src/time/b.ts'", /leaves its package/],
    ['triggers/src/a.ts', "import { readFileSync } from 'node:fs'", /triggers runs in browsers too/],
    ['serving/src/a.ts', "import { readFileSync } from 'node:fs'", /runs in browsers too; only src\/embedded\//],
    ['serving/src/embedded/a.ts', "import { readFileSync } from 'node:fs'", undefined],
    ['triggers/src/a.ts', "import { b } from '@tidemark/testing'", /triggers may not depend on testing/],
    ['triggers/src/a.test.ts', "import { b } from '@tidemark/testing'", /not declared/],
    ['kafka/src/a.services.test.ts', "import { startKafka } from '@tidemark/services'", undefined],
    ['kafka/src/a.test.ts', "import { startKafka } from '@tidemark/services'", /kafka may not depend on services/],
    ['kafka/src/a.ts', "import { startKafka } from '@tidemark/services'", /kafka may not depend on services/],
    ['testing/src/a.ts', "import fc from 'fast-check'\nimport { b } from '@tidemark/triggers'", undefined],
    ['bench/src/a.ts', "import { b } from '@tidemark/core/folder'\nimport { join } from 'node:path'", undefined],
    ['bench/src/a.ts', "import { b } from '@tidemark/triggers'", /not declared in packages\/bench/],
  ]
  test.each(cases)('%s: %j', (path, text, says) => {
    const found = packageImports(made)(sourceFile(`packages/${path}`, text))
    expect(found).toEqual(says === undefined ? [] : [expect.stringMatching(says)])
  })
  test('every file keeps it', () => {
    expect(files.flatMap(packageImports(manifests))).toEqual([])
  })
})

describe('the rooms of core go one way', () => {
  proven(roomDirection, [
    ['core/src/window/a.ts', "import { b } from '../time/b.ts'", undefined],
    ['core/src/time/a.ts', "import { b } from '../window/b.ts'", /a\.ts:1 time → window: rooms go one way/],
    ['core/src/time/a.ts', "import type { B } from '../window/b.ts'", /rooms go one way/],
    ['core/src/time/a.test.ts', "import { b } from '../window/b.ts'", undefined],
    ['core/src/pane/a.ts', "export * from '../runtime/driver.ts'", /pane → runtime/],
    ['core/src/runtime/a.ts', "import { b } from '../pipeline/b.ts'\nimport { c } from '../io/c.ts'", undefined],
    ['core/src/aggregate/a.ts', "import { b } from '../errors/b.ts'", undefined],
    ['core/src/io/a.ts', "import type { B } from '../pane/b.ts'", undefined],
    ['core/src/io/a.ts', "import { type B } from '../pane/b.ts'", /may only `import type`/],
    ['core/src/state/a.ts', "import type { B } from '../operator/b.ts'", /a leaf imports no such room/],
    ['core/src/runtime/a.ts', "import { folder } from '../folder/index.ts'", /an entry point of its own/],
    ['core/src/index.ts', "export { folder } from './folder/index.ts'", /an entry point of its own/],
    ['core/src/index.ts', "export { run } from './runtime/run.ts'", undefined],
    ['core/src/time/a.ts', "import { run } from '../index.ts'", /nothing imports the entry point/],
    ['core/src/folder/index.ts', "import { b } from '../io/b.ts'", undefined],
    ['core/src/misc/a.ts', '', /misc is no room/],
  ])
})

describe('core waits in runtime, folder and io only', () => {
  proven(coreIsSynchronous, [
    ['core/src/operator/a.ts', 'export const a = 1 // await nothing', undefined],
    ['core/src/operator/a.ts', 'export async function a() {}', /a\.ts:1 only runtime\/, folder\/, io\//],
    ['core/src/pane/a.ts', 'const a = async () => 1', /may await or be async/],
    ['core/src/pane/a.ts', 'await 1', /may await or be async/],
    ['core/src/pane/a.ts', 'for await (const x of []) x', /may await or be async/],
    ['core/src/pane/a.ts', 'await using x = y()', /may await or be async/],
    ['core/src/runtime/driver.ts', 'export async function a() { await 1 }', undefined],
    ['core/src/pane/a.test.ts', 'await 1', undefined],
    ['testing/src/a.ts', 'await 1', undefined],
  ])
})

describe('no clock, chance or environment but through a door', () => {
  proven(forbiddenGlobals, [
    ['core/src/pane/a.ts', 'const now = Date.now()', /a\.ts:1 Date without an argument/],
    ['core/src/pane/a.ts', 'const now = new Date()', /Date without an argument/],
    ['core/src/pane/a.ts', 'const now = Date()', /Date without an argument/],
    ['core/src/pane/a.ts', 'const { now } = Date', /Date without an argument/],
    ['core/src/pane/a.ts', 'const text = new Date(0).toISOString(), at = Date.UTC(2020, 1)', undefined],
    ['core/src/pane/a.ts', 'const d = (x: Date) => x instanceof Date', undefined],
    ['core/src/pane/a.ts', 'Math.random()', /Math\.random/],
    ['core/src/pane/a.ts', 'Math.floor(1.5)', undefined],
    ['triggers/src/a.ts', 'performance.now()', /performance/],
    ['triggers/src/a.ts', 'setTimeout(() => {}, 1)', /setTimeout/],
    ['testing/src/a.ts', 'globalThis.setInterval(() => {}, 1)', /globalThis/],
    ['testing/src/a.ts', 'const { setImmediate } = globalThis', /globalThis/],
    ['testing/src/a.ts', 'const later = setImmediate', /setImmediate/],
    ['testing/src/a.ts', 'const seed = process.env.TIDEMARK_SEED', /process/],
    ['testing/src/a.ts', 'const all = { process }', /process/],
    ['core/src/io/a.ts', 'Buffer.from([])', /Buffer/],
    ['core/src/io/a.ts', 'operator.process(1)\nconst o = { process() {}, performance: 1 }', undefined],
    ['core/src/window/a.ts', 'export function a(window: number): number { return window }', undefined],
    ['core/src/time/system-clock.ts', 'Date.now()', undefined],
    ['core/src/folder/lock.ts', 'process.pid', undefined],
    ['serving/src/a.ts', 'Date.now()', /Date without an argument/],
    ['serving/src/embedded/a.ts', 'process.pid', undefined],
    ['core/src/time/a.test.ts', 'Date.now()', undefined],
    ['bench/src/a.ts', 'performance.now()', undefined],
  ])
})

describe('files stay short', () => {
  proven(fileLength, [
    ['core/src/pane/a.ts', 'a\n'.repeat(400), undefined],
    ['core/src/pane/a.ts', 'a\n'.repeat(401), /401 lines, at most 400/],
    ['core/src/pane/a.test.ts', 'a\n'.repeat(401), undefined],
  ])
})

describe('names are kebab-case', () => {
  proven(kebabCase, [
    ['core/src/pane/pane-gate.test-d.ts', '', undefined],
    ['kafka/src/record-source.services.test.ts', '', undefined],
    ['kafka/src/record-source.server.test.ts', '', /kebab-case/],
    ['core/src/pane/PaneGate.ts', '', /kebab-case/],
    ['core/src/paneGate/a.ts', '', /kebab-case/],
    ['core/src/pane/pane_gate.test.ts', '', /kebab-case/],
  ])
})

describe('every test runs', () => {
  proven(everyTestRuns, [
    ['core/src/a.test.ts', "test('a', () => { stream.skip(1) })", undefined],
    ['core/src/a.test.ts', "test.skip('a', () => {})", /a\.test\.ts:1 \.skip is left/],
    ['core/src/a.test.ts', "describe.concurrent.only('a', () => {})", /\.only is left/],
    ['core/src/a.test.ts', "it.only.each([1])('a', () => {})", /\.only is left/],
    ['core/src/a.test.ts', "test.todo('a')", /\.todo is left/],
  ])
})

describe('no escape from the types', () => {
  proven(noEscapeFromTypes, [
    ['core/src/pane/a.ts', 'const a = b as unknown', undefined],
    ['core/src/pane/a.ts', '// never as any', undefined],
    ['core/src/pane/a.ts', 'const a = (b as any).c', /`as any`/],
    ['core/src/pane/a.ts', 'const a = <any>b', /`as any`/],
  ])
})
