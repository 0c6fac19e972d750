/**
 * Law 14 under triggers composed at random, on both levels and on a third: an hour made of minutes, and a day made of
 * hours, equal what is recomputed from the records that were not too late for their minute, whatever is published,
 * filtered, mapped and moved to other keys in between; cut anywhere, in any batches.
 */
import {
  type KeyedRecords,
  type PaneGate,
  type Pipeline,
  type Results,
  type TimeWindow,
  assignWindows,
  boundedOutOfOrderness,
  collected,
  hopping,
  latestValues,
  ms,
  pipeline,
  session,
} from '@tidemark/core'
import {
  type OracleOptions,
  type OracleWindow,
  type OracleWindows,
  type Script,
  batchOverResults,
  oracle,
  partition,
  partitions,
  play,
  samePanes,
  scriptOf,
  scripts,
} from '@tidemark/testing'
import { atMostEvery, onChange } from '@tidemark/triggers'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { triggerOf } from '../trigger-of.ts'
import { following, inOneStep, oneByOne } from './cuts.ts'
import { LAW_MS, tryLaw, tryLawAsync } from './law.ts'
import { type LivePane, checkFinality, checkLives } from './lives.ts'
import { type Item, WINDOWS, assignerOf, item } from './shapes.ts'
import { type TreeShape, endsWith, treeShapes } from './tree-shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

type Windows = (typeof WINDOWS)[string]
const ofKinds = (...kinds: readonly string[]): Windows => fc.oneof(...kinds.map((kind) => WINDOWS[kind] as Windows))
const grids = ofKinds('tumbling', 'hopping')
const bounded = ofKinds('tumbling', 'hopping', 'slidingByRecord', 'session', 'custom', 'merging')

/** What stands between minutes and hours. */
const BETWEEN = ['nothing', 'map', 'filter', 'filter and map'] as const
type Between = (typeof BETWEEN)[number]
const KEYS = ['one', 'own', 'value'] as const

interface Level {
  readonly size: number
  readonly every: number
  readonly shape: TreeShape
  readonly gate: PaneGate | undefined
  readonly between: Between
  readonly by: (typeof KEYS)[number]
}
const hopsOf = ({ size, every }: Level): OracleWindows => ({ kind: 'hopping', size, every })

function levels(sizes: readonly [least: number, most: number]): fc.Arbitrary<Level> {
  const [min, max] = sizes
  return fc.record({
    size: fc.integer({ min, max }),
    every: fc.integer({ min: 5, max }),
    shape: treeShapes(grids, { accumulation: ['accumulating', 'retracting'] }),
    gate: fc.constantFrom(undefined, undefined, onChange(), atMostEvery('7ms')),
    between: fc.constantFrom(...BETWEEN),
    by: fc.constantFrom(...KEYS),
  })
}

const keeps = (value: number): boolean => value % 3 !== 0
const maps = (value: number): number => 2 * value + 1
const keyBy = { one: () => 'one', own: (key: string) => key, value: (_: string, value: number) => `${value % 2 === 0}` }

/** The minutes alone. */
function minutesOf({
  windows,
  accumulation,
  onTime,
  closing,
  latenessMs,
  trigger,
}: TreeShape): Results<string, number> {
  return pipeline('levels')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: boundedOutOfOrderness('5ms') })
    .keyBy(({ key }) => key)
    .name('minutes')
    .window(assignerOf(windows), {
      trigger: triggerOf(trigger as never) as never,
      accumulation: accumulation as 'accumulating',
      onTime,
      closing,
      allowedLateness: ms(latenessMs),
      allowDataLoss: true,
    })
    .sum(({ value }) => value)
}

/** One more level over results. `more`: lateness beyond that of the level before. */
function over(results: Results<string, number>, level: Level, name: string): Results<string, number> {
  const { shape, gate, between, by } = level
  const some = between.startsWith('filter') ? results.filter(keeps) : results
  const mapped = between.endsWith('map') ? some.map(maps) : some
  const { accumulation, onTime, closing, trigger } = shape
  const keyed: KeyedRecords<string, number> = mapped.keyBy((value, { key }) => keyBy[by](key, value))
  return keyed
    .name(name)
    .window(hopping(ms(level.size), { every: ms(level.every) }), {
      trigger: triggerOf(trigger as never) as never,
      accumulation: accumulation as 'accumulating',
      onTime,
      closing,
      allowDataLoss: true,
      ...(gate === undefined ? {} : { gate }),
    })
    .sum((value) => value)
}

interface Row {
  readonly key: string
  readonly window: OracleWindow
  readonly value: number
}

/** What the windows of a level end with, from what those before them end with. */
function overRows(rows: readonly Row[], level: Level): readonly Row[] {
  const sums = new Map<string, Row>()
  for (const { key, window, value } of rows) {
    if (level.between.startsWith('filter') && !keeps(value)) continue
    const mapped = level.between.endsWith('map') ? maps(value) : value
    const group = keyBy[level.by](key, mapped)
    for (const wide of windowsOf(hopsOf(level), window.end - 1)) {
      const name = `${group} ${wide.start}`
      sums.set(name, { key: group, window: wide, value: (sums.get(name)?.value ?? 0) + mapped })
    }
  }
  return [...sums.values()]
}

function windowsOf(windows: OracleWindows, at: number): readonly OracleWindow[] {
  return assignerOf(windows).assign(at, undefined)
}

/** What the minutes end with, by the slow reference. */
function minuteRows(script: Script, options: OracleOptions): readonly Row[] {
  return oracle(script, options).flatMap(({ panes }) => panes) as unknown as readonly Row[]
}

const named = (rows: Iterable<Row>): ReadonlyMap<string, number> =>
  new Map([...rows].map(({ key, window: { start, end }, value }) => [`${key} [${start}, ${end})`, value]))

/** What a key-value store ends with. */
async function stored(panes: readonly unknown[]): Promise<ReadonlyMap<string, number>> {
  const store = latestValues<string, number>()
  const writer = await store.open({ id: '0' } as never)
  await writer.write(panes as never)
  return named([...store.entries()].map(([key, window, value]) => ({ key, window, value })))
}

type Levels = readonly [TreeShape, Level, Level | undefined]
type Line = Pipeline<unknown, Item>

function lineOf([inner, hours, days]: Levels): Line {
  const first = over(minutesOf(inner), hours, 'hours')
  return (days === undefined ? first : over(first, days, 'days')).to(collected()) as Line
}

function wanted(
  script: Script,
  [inner, hours, days]: Levels,
  more: Partial<OracleOptions> = {},
): ReadonlyMap<string, number> {
  const first = overRows(minuteRows(script, { ...endsWith(inner), ...more }), hours)
  return named(days === undefined ? first : overRows(first, days))
}

/** How far the last level is behind the watermark that the task has. */
const delayOf = (engine: ReturnType<typeof play>['engine']): number => engine.task.outputs.at(-1)?.delayMs ?? 0

/** How many sources the windows over results still know by name. */
const remembered = (engine: ReturnType<typeof play>['engine']): number =>
  Object.values(engine.task.save().inputs).reduce<number>((sum, parts) => sum + (parts as unknown[]).length, 0)

const anyLevels = fc.tuple(
  treeShapes(bounded, { accumulation: ['accumulating', 'retracting'] }),
  levels([10, 40]),
  fc.option(levels([30, 90])),
) as fc.Arbitrary<readonly [TreeShape, Level, Level | null]>
const allLevels: fc.Arbitrary<Levels> = anyLevels.map(([inner, hours, days]) => [inner, hours, days ?? undefined])

test('law 14: any triggers on two and three levels, filters, other values and other keys between them', async () => {
  const seen = { two: 0, three: 0, retractions: 0 }
  await tryLawAsync(2_000, fc.tuple(allLevels, scripts({ maxRecords: 25 })), async ([all, script]) => {
    const { steps, engine } = play(lineOf(all), script, item)
    const panes = steps.flatMap((step) => step.panes) as readonly LivePane[]
    expect(await stored(panes)).toEqual(wanted(script, all))
    const [, ...outer] = engine.windows
    for (const { operator } of outer) expect(operator.stage.counters.tooLate, 'too late by construction').toBe(0)
    for (const { operator } of engine.windows) expect(operator.stage.entries).toBe(0)
    expect(remembered(engine)).toBe(0)
    // Law 6, and final by the watermark, for the last level.
    const [inner, hours, days] = all
    const last = days ?? hours
    checkLives(panes, hopsOf(last), last.shape.accumulation)
    const told = steps.map((step) => ({
      panes: step.panes as readonly LivePane[],
      progress: step.progress - delayOf(engine),
    }))
    checkFinality(told, hopsOf(last), inner.latenessMs)
    seen[days === undefined ? 'two' : 'three'] += panes.length
    seen.retractions += panes.filter(({ kind }) => kind === 'retraction').length
  })
  for (const [what, count] of Object.entries(seen)) expect([what, count > 2_000]).toEqual([what, true])
})

test('law 14 with differences of the minutes', async () => {
  const input = fc.tuple(
    treeShapes(bounded, { accumulation: ['discarding'] }),
    levels([10, 40]),
    scripts({ maxRecords: 25 }),
  )
  let panes = 0
  await tryLawAsync(1_000, input, async ([inner, level, script]) => {
    // A difference says nothing about the whole that a filter, a map or a key could look at.
    const hours: Level = { ...level, between: 'nothing', by: level.by === 'value' ? 'one' : level.by }
    const { steps } = play(lineOf([inner, hours, undefined]), script, item)
    const found = steps.flatMap((step) => step.panes)
    // Differences of sessions that merge carry the bounds they had: their records may fall into other hours.
    if (inner.windows.kind === 'session' || (inner.windows.kind === 'custom' && inner.windows.merge === true)) {
      const total = (values: Iterable<number>): number => [...values].reduce((sum, value) => sum + value, 0)
      if (level.size === level.every)
        expect(total((await stored(found)).values())).toBe(total(wanted(script, [inner, hours, undefined]).values()))
    } else expect(await stored(found)).toEqual(wanted(script, [inner, hours, undefined]))
    panes += found.length
  })
  expect(panes).toBeGreaterThan(2_000)
})

test('law 14 against the records themselves', async () => {
  const input = fc.tuple(treeShapes(grids), levels([10, 40]), scripts({ maxRecords: 25 }))
  let compared = 0
  await tryLawAsync(2_000, input, async ([inner, level, script]) => {
    const hours: Level = { ...level, between: 'nothing', by: level.by === 'value' ? 'own' : level.by }
    const { steps } = play(lineOf([inner, hours, undefined]), script, item)
    const { windows } = endsWith(inner)
    const rows = batchOverResults(script, {
      inner: windows,
      outer: hopsOf(hours),
      latenessMs: inner.latenessMs,
      outerKey: (key) => keyBy[hours.by](key, 0),
    })
    expect(await stored(steps.flatMap((step) => step.panes))).toEqual(named(rows as readonly Row[]))
    compared += rows.length
  })
  expect(compared).toBeGreaterThan(5_000)
})

test('law 14: sessions of results that come once', async () => {
  const input = fc.tuple(
    treeShapes(grids, { latenessMs: [0] }),
    treeShapes(ofKinds('session'), { accumulation: ['accumulating', 'retracting'] }),
    scripts({ maxRecords: 25 }),
  )
  let compared = 0
  await tryLawAsync(1_000, input, async ([inner, outer, script]) => {
    const shape: TreeShape = { ...inner, trigger: { policy: 'watermarkThenUpdates' }, accumulation: 'accumulating' }
    const { gap } = outer.windows as { readonly gap: number }
    const line = minutesOf(shape)
      .keyBy((_, { key }) => key)
      .window(session(ms(gap + 5)), {
        trigger: triggerOf(outer.trigger as never) as never,
        accumulation: outer.accumulation as 'accumulating',
        onTime: outer.onTime,
        allowDataLoss: true,
      })
      .sum((value) => value)
      .to(collected())
    const records = minuteRows(script, endsWith(shape)).map(({ key, window, value }) => ({
      split: '0',
      key,
      value,
      at: window.end - 1,
    }))
    const rows = oracle(scriptOf([{ kind: 'records', records }, { kind: 'end' }]), {
      ...endsWith(outer),
      windows: { kind: 'session', gap: gap + 5 },
    }).flatMap(({ panes }) => panes)
    const { steps, engine } = play(line as Line, script, item)
    expect(engine.windows[1]?.operator.stage.counters.tooLate).toBe(0)
    expect(await stored(steps.flatMap((step) => step.panes))).toEqual(named(rows as unknown as readonly Row[]))
    compared += rows.length
  })
  expect(compared).toBeGreaterThan(1_000)
})

test('laws 2 and 9 on every level: batches cut anywhere, a cut after every step', () => {
  let panes = 0
  const input = fc.tuple(allLevels, scripts({ maxRecords: 9 }), partitions())
  tryLaw(2_000, input, ([all, script, sizes]) => {
    const joined = inOneStep(script)
    const run = (options: Parameters<typeof play>[3]): readonly unknown[] =>
      play(lineOf(all), joined, item, options).steps.flatMap((step) => step.panes)
    const whole = run({})
    samePanes(whole, run({ batches: (records) => partition(records, sizes) }), `in batches of ${sizes.join(', ')}`)
    samePanes(whole, run({ batches: oneByOne, drainLimit: 1, generateCode: false }), 'record by record')
    const { steps, engine } = play(lineOf(all), script, item, { crash: true, generateCode: false })
    expect(remembered(engine)).toBe(0)
    const cut = steps.flatMap((step) => step.panes)
    samePanes(whole, cut, 'with a cut after every step')
    panes += whole.length
  })
  expect(panes).toBeGreaterThan(2_000)
})

test('law 2 on every level where the watermark follows the records', () => {
  tryLaw(1_000, fc.tuple(allLevels, following(), partitions()), ([all, script, sizes]) => {
    const joined = inOneStep(script)
    const run = (options: Parameters<typeof play>[3]): readonly unknown[] =>
      play(lineOf(all), joined, item, options).steps
    samePanes(run({}), run({ batches: (records) => partition(records, sizes) }), `in batches of ${sizes.join(', ')}`)
  })
})

test('law 14 where windows depend on the value', async () => {
  const place = (at: number, value: number): TimeWindow => {
    const start = Math.floor(at / 40) * 40 - (((value % 3) + 3) % 3)
    return { start, end: start + 60 }
  }
  const input = fc.tuple(
    treeShapes(bounded, { accumulation: ['accumulating', 'retracting'] }),
    levels([10, 40]),
    scripts({ maxRecords: 25 }),
  )
  let compared = 0
  await tryLawAsync(1_000, input, async ([inner, { shape, gate }, script]) => {
    const line = minutesOf(inner)
      .keyBy(() => 'one')
      .window(assignWindows({ assign: (at, value: number) => [place(at, value)] }), {
        trigger: triggerOf(shape.trigger as never) as never,
        accumulation: shape.accumulation as 'accumulating',
        allowDataLoss: true,
        ...(gate === undefined ? {} : { gate }),
      })
      .sum((value) => value)
      .to(collected())
    const rows = new Map<string, Row>()
    for (const { window, value } of minuteRows(script, endsWith(inner))) {
      const wide = place(window.end - 1, value)
      const name = String(wide.start)
      rows.set(name, { key: 'one', window: wide, value: (rows.get(name)?.value ?? 0) + value })
    }
    const { steps } = play(line as Line, script, item)
    expect(await stored(steps.flatMap((step) => step.panes))).toEqual(named(rows.values()))
    compared += rows.size
  })
  expect(compared).toBeGreaterThan(1_000)
})
