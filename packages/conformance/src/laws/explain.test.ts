/**
 * What explain() promises of a stage holds under any policy, window and script: how many panes a key and window has,
 * that the last is marked, what is written in each phase, whether anything is withdrawn.
 */
import { type Pipeline, collected, monotonous, ms, pipeline } from '@tidemark/core'
import { type OracleTree, type OracleTrigger, play, scripts, triggerTrees } from '@tidemark/testing'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { triggerOf as treeOf } from '../trigger-of.ts'
import { LAW_MS, tryLaw } from './law.ts'
import {
  type Item,
  type Shape,
  type SumPane,
  WINDOWS,
  anyWindows,
  assignerOf,
  item,
  shapes,
  triggerOf,
} from './shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

type AnyPane = SumPane | (Omit<SumPane, 'kind'> & { readonly kind: 'retraction' | 'delta' })

function summing(shape: Shape, tree: OracleTrigger | undefined, each?: number): Pipeline<AnyPane, Item> {
  return pipeline('law')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .window(assignerOf(shape.windows), {
      trigger: tree === undefined ? triggerOf(shape) : (treeOf(tree as never) as never),
      accumulation: shape.accumulation as 'accumulating',
      onTime: shape.onTime,
      closing: shape.closing,
      allowedLateness: ms(shape.latenessMs),
      allowDataLoss: true,
    })
    .sum(({ value }) => each ?? value)
    .to(collected()) as never
}

const COMPLETED: OracleTree = { afterWatermark: {} }

/** Trees that only count records. */
const { counting } = fc.letrec<{ counting: OracleTree }>((tie) => {
  const pair = fc.tuple(tie('counting'), tie('counting'))
  return {
    counting: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }).map((n): OracleTree => ({ afterCount: n })) },
      fc.constantFrom<OracleTree>('everyUpdate', 'never'),
      { weight: 2, arbitrary: pair.map((parts): OracleTree => ({ afterFirst: parts })) },
      { weight: 2, arbitrary: pair.map((parts): OracleTree => ({ afterAll: parts })) },
      { weight: 2, arbitrary: pair.map((parts): OracleTree => ({ afterEach: parts })) },
      pair.map((parts): OracleTree => ({ orFinally: parts })),
      tie('counting').map((part): OracleTree => ({ repeatedly: part })),
    ),
  }
})

/** Trees as users write them: what fires once stands in a repeatedly, or is accepted. */
const trees: fc.Arbitrary<OracleTrigger> = fc.oneof(
  triggerTrees({ depth: 3, maxCount: 4, maxMs: 20 }).chain((tree) =>
    fc.constantFrom<OracleTrigger>(tree, { repeatedly: tree as OracleTree }),
  ),
  counting,
  counting.chain((part) =>
    fc.constantFrom<OracleTree>({ orFinally: [part, COMPLETED] }, { afterFirst: [part, COMPLETED] }),
  ),
)

/** The rows of the stage by label; phases by their first word. */
function rowsOf(plan: { explain(): string }, stage = 0): ReadonlyMap<string, string> {
  const rows: (readonly [string, string[]])[] = []
  for (const line of (plan.explain().split('\n\n')[1 + stage] ?? '').split('\n').slice(1)) {
    const label = /^ {2}(\S.*?) {2,}(.*)$/.exec(line)
    if (label === null) rows.at(-1)?.[1].push(line.trim())
    else rows.push([(label[1] ?? '').replace(/,.*/, ''), [label[2] ?? '']])
  }
  return new Map(rows.map(([label, text]) => [label, text.join(' ')]))
}

/** Everything that a text can promise, with how often it was put to the test. */
const PROMISES = [
  'exactly one',
  'ends with one',
  'no early',
  'no late',
  'no last',
  'no withdrawal',
  'fires once',
  'late only first',
] as const

test('what explain() says holds', () => {
  const tried = Object.fromEntries(PROMISES.map((name) => [name, 0])) as Record<(typeof PROMISES)[number], number>
  tryLaw(
    1_000,
    fc.tuple(shapes(anyWindows), fc.option(trees, { nil: undefined, freq: 2 }), scripts()),
    ([shape, tree, script]) => {
      const plan = summing(shape, tree)
      const rows = rowsOf(plan)
      const says = (label: string, text: string): boolean => rows.get(label)?.includes(text) ?? false
      const slack = slackOf(shape)
      const lives = new Map<string, AnyPane[]>()
      let before = Number.NEGATIVE_INFINITY
      for (const { panes, progress } of play(plan, script, item).steps) {
        for (const pane of panes) {
          const name = `${pane.key} ${JSON.stringify(pane.window)}`
          lives.set(name, [...(lives.get(name) ?? []), pane])
          if (pane.kind === 'retraction') {
            expect(rows.has('withdrawn are'), `a withdrawal by\n${plan.explain()}`).toBe(true)
            continue
          }
          const [when, completes] = [
            `${pane.timing} pane by\n${plan.explain()}`,
            (pane.window?.end ?? Infinity) + slack,
          ]
          if (pane.timing === 'early') expect(says('in time', 'nothing yet'), `${when}`).toBe(false)
          else if (!pane.isLast && before >= completes) expect(says('late', 'nothing yet'), `${when}`).toBe(false)
          else if (pane.isLast && before >= completes) expect(says('final', 'nothing more'), `${when}`).toBe(false)
        }
        before = progress
      }
      if (!rows.has('withdrawn are')) tried['no withdrawal']++
      if (says('in time', 'nothing yet')) tried['no early']++
      if (says('late', 'nothing yet')) tried['no late']++
      if (says('final', 'nothing more')) tried['no last']++
      for (const [name, life] of lives) {
        const where = `${name} by\n${plan.explain()}`
        const panes = life.filter(({ kind }) => kind !== 'retraction')
        // A session with new bounds counts anew.
        const fired = slack === 0 ? panes.filter(({ isLast }) => !isLast) : []
        if (says('a pane comes', 'none after that') || says('in time', 'none after that')) {
          tried['fires once']++
          expect(fired.length, `${where}`).toBeLessThan(2)
        }
        if (says('late', 'none after that') && fired.some(({ timing }) => timing === 'late')) {
          tried['late only first']++
          expect(fired.length, `${where}`).toBe(1)
        }
        if (says('how many', 'exactly one')) tried['exactly one']++
        if (says('how many', 'exactly one')) expect(panes.length, `${where}`).toBe(1)
        if (!says('final is', 'ends with one')) continue
        tried['ends with one']++
        // A session may go on as another one; then what stood was withdrawn, or was a difference.
        if (slack === 0) expect(life.at(-1)?.isLast, `${where}`).toBe(true)
      }
    },
  )
  // The rarest comes about thirty times.
  for (const name of PROMISES) expect([name, tried[name] > 3]).toEqual([name, true])
})

test('and how many records each pane takes', () => {
  const tried = { one: 0, several: 0 }
  const kept = shapes(fc.oneof(...['tumbling', 'hopping'].map((name) => WINDOWS[name] as typeof anyWindows)), {
    accumulation: ['accumulating'],
    closing: ['always'],
  })
  tryLaw(1_000, fc.tuple(kept, counting, scripts()), ([shape, tree, script]) => {
    const plan = summing(shape, { repeatedly: tree }, 1)
    const many = /: (one|\d+) for every (?:(\d+) )?records?(?:, one when it is final)?$/.exec(
      rowsOf(plan).get('how many') ?? '',
    )
    if (many === null) return
    const [fires, records] = [many[1] === 'one' ? 1 : Number(many[1]), Number(many[2] ?? 1)]
    const lives = new Map<string, AnyPane[]>()
    for (const pane of play(plan, script, item).steps.flatMap(({ panes }) => panes)) {
      const name = `${pane.key} ${JSON.stringify(pane.window)}`
      lives.set(name, [...(lives.get(name) ?? []), pane])
    }
    for (const [name, life] of lives) {
      const last = life.at(-1)
      if (last?.isLast !== true) continue
      tried[fires === 1 ? 'one' : 'several']++
      const rounds = Math.floor(last.value / records)
      const where = `${name}, ${last.value} records by\n${plan.explain()}`
      expect(life.length - 1, `${where}`).toBeGreaterThanOrEqual(rounds * fires)
      expect(life.length - 1, `${where}`).toBeLessThan((rounds + 1) * fires)
    }
  })
  for (const [name, count] of Object.entries(tried)) expect([name, count > 3]).toEqual([name, true])
})

/** Hours of minutes, with what explain() says of the hours and what their stage counted. */
function hours(inner: Shape, outer: Shape): Pipeline<unknown, Item> {
  return pipeline('law')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .name('minutes')
    .window(assignerOf(inner.windows), {
      trigger: triggerOf(inner),
      accumulation: inner.accumulation as 'accumulating',
      onTime: inner.onTime,
      closing: inner.closing,
      allowedLateness: ms(inner.latenessMs),
    })
    .sum(({ value }) => value)
    .keyBy(() => 'all')
    .name('hours')
    .window(assignerOf(outer.windows), {
      trigger: triggerOf(outer),
      accumulation: outer.accumulation as 'accumulating',
      onTime: outer.onTime,
      closing: outer.closing,
    })
    .count()
    .to(collected()) as never
}

test('and of windows over results', () => {
  const tried = { once: 0, one: 0, neverWithdrawn: 0, counted: 0 }
  const bounded = fc.oneof(...['tumbling', 'hopping', 'session'].map((name) => WINDOWS[name] as typeof anyWindows))
  const aligned = fc.oneof(...['tumbling', 'hopping'].map((name) => WINDOWS[name] as typeof anyWindows))
  const inners = fc.oneof(shapes(bounded), shapes(bounded, { policy: ['emitOnClose'] }))
  const outers = shapes(aligned, { accumulation: ['accumulating', 'retracting'] })
  tryLaw(1_000, fc.tuple(inners, outers, scripts()), ([inner, outer, script]) => {
    const plan = hours(inner, outer)
    const rows = rowsOf(plan, 1)
    const { steps, engine } = play(plan, script, item)
    const { counters } = engine.windows[1]?.operator.stage ?? { counters: undefined }
    const where = `by\n${plan.explain()}`
    expect(counters?.tooLate, `${where}`).toBe(0)
    tried.counted += counters?.retractions ?? 0
    if (rows.get('late')?.startsWith('none') === true) {
      tried.once++
      expect(counters?.late, `${where}`).toBe(0)
    }
    if (!rows.has('withdrawn are')) {
      tried.neverWithdrawn++
      expect(counters?.retractions, `${where}`).toBe(0)
    }
    const one = /: (exactly|at most) one/.exec(rows.get('how many') ?? '')?.[1]
    if (one === undefined) return
    tried.one++
    const panes = steps.flatMap((step) => step.panes) as readonly AnyPane[]
    const windows = new Set(panes.map(({ window }) => JSON.stringify(window)))
    expect(panes.filter(({ kind }) => kind !== 'retraction').length, `${where}`).toBe(windows.size)
  })
  for (const [name, count] of Object.entries(tried)) expect([name, count > 40]).toEqual([name, true])
})

function slackOf({ windows }: Shape): number {
  return windows.kind === 'session' || (windows.kind === 'custom' && windows.merge === true) ? 1 : 0
}
