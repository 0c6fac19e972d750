/**
 * Owns minutes made into hours and hours into days under triggers of any kind, and what each level must end with,
 * recomputed from what the one before ends with.
 */
import {
  type KeyedRecords,
  type Pipeline,
  type Results,
  boundedOutOfOrderness,
  collected,
  hopping,
  latestValues,
  ms,
  pipeline,
} from '@tidemark/core'
import { type OracleOptions, type OracleWindow, type OracleWindows, type Script, oracle } from '@tidemark/testing'
import * as fc from 'fast-check'
import { triggerOf } from '../trigger-of.ts'
import { type Item, WINDOWS, assignerOf } from './shapes.ts'
import { type TreeShape, endsWith, gateOf, gates, treeShapes, triggers } from './tree-shapes.ts'

type Windows = (typeof WINDOWS)[string]
export const ofKinds = (...kinds: readonly string[]): Windows =>
  fc.oneof(...kinds.map((kind) => WINDOWS[kind] as Windows))
export const grids: Windows = ofKinds('tumbling', 'hopping')
export const bounded: Windows = ofKinds('tumbling', 'hopping', 'slidingByRecord', 'session', 'custom', 'merging')

/** What stands between minutes and hours. */
const BETWEEN = ['nothing', 'map', 'filter', 'filter and map'] as const
type Between = (typeof BETWEEN)[number]
const KEYS = ['one', 'own', 'value'] as const

export interface Level {
  readonly size: number
  readonly every: number
  readonly shape: TreeShape
  /** As `gateOf` takes it. */
  readonly gate: number
  readonly between: Between
  readonly by: (typeof KEYS)[number]
  /** Whether early panes of the level before are left out, where they may be. */
  readonly from: 'all' | 'completion'
}
export const hopsOf = ({ size, every }: Level): OracleWindows => ({ kind: 'hopping', size, every })

export function levels(sizes: readonly [least: number, most: number]): fc.Arbitrary<Level> {
  const [min, max] = sizes
  return fc.record({
    size: fc.integer({ min, max }),
    every: fc.integer({ min: 5, max }),
    shape: treeShapes(grids, { accumulation: ['accumulating', 'retracting'] }, triggers),
    gate: gates,
    between: fc.constantFrom(...BETWEEN),
    by: fc.constantFrom(...KEYS),
    from: fc.constantFrom('all', 'completion'),
  })
}

const keeps = (value: number): boolean => value % 3 !== 0
const maps = (value: number): number => 2 * value + 1
export const keyBy: Readonly<Record<(typeof KEYS)[number], (key: string, value: number) => string>> = {
  one: () => 'one',
  own: (key) => key,
  value: (_, value) => `${value % 2 === 0}`,
}

/** The minutes alone. */
export function minutesOf({
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

/** Whether whole values come at completion, whatever was shown before. */
function showsAtCompletion({ trigger, accumulation, onTime, closing, latenessMs }: TreeShape): boolean {
  const shows = onTime === 'always' || (closing === 'always' && latenessMs === 0)
  return triggerOf(trigger).emitsAtCompletion && accumulation !== 'discarding' && shows
}

/** One more level over the results of windows of this shape. */
function over(
  results: Results<string, number>,
  before: TreeShape,
  level: Level,
  name: string,
): Results<string, number> {
  const { shape, gate, between, by } = level
  const some = between.startsWith('filter') ? results.filter(keeps) : results
  const mapped = between.endsWith('map') ? some.map(maps) : some
  const { accumulation, onTime, closing, trigger } = shape
  const keyed: KeyedRecords<string, number> = mapped.keyBy((value, { key }) => keyBy[by](key, value), {
    from: showsAtCompletion(before) ? level.from : 'all',
  })
  return keyed
    .name(name)
    .window(hopping(ms(level.size), { every: ms(level.every) }), {
      trigger: triggerOf(trigger as never) as never,
      accumulation: accumulation as 'accumulating',
      onTime,
      closing,
      allowDataLoss: true,
      ...gateOf(shape, gate),
    })
    .sum((value) => value)
}

export interface Row {
  readonly key: string
  readonly window: OracleWindow
  readonly value: number
}

/** What the windows of a level end with, from what those before them end with. */
export function overRows(rows: readonly Row[], level: Level): readonly Row[] {
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

/** The panes of the minutes, by the slow reference. */
export function minuteRows(script: Script, options: OracleOptions): readonly Row[] {
  return oracle(script, options).flatMap(({ panes }) => panes) as unknown as readonly Row[]
}

export const named = (rows: Iterable<Row>): ReadonlyMap<string, number> =>
  new Map([...rows].map(({ key, window: { start, end }, value }) => [`${key} [${start}, ${end})`, value]))

/** What a key-value store ends with. */
export async function stored(panes: readonly unknown[]): Promise<ReadonlyMap<string, number>> {
  const store = latestValues<string, number>()
  const writer = await store.open({ id: '0' } as never)
  await writer.write(panes as never)
  return named([...store.entries()].map(([key, window, value]) => ({ key, window, value })))
}

export type Levels = readonly [TreeShape, Level, Level | undefined]
export type Line = Pipeline<unknown, Item>

export function lineOf([inner, hours, days]: Levels): Line {
  const first = over(minutesOf(inner), inner, hours, 'hours')
  // The hours wait for late results as long as the minutes do for late records.
  const shape = { ...hours.shape, latenessMs: inner.latenessMs }
  return (days === undefined ? first : over(first, shape, days, 'days')).to(collected()) as Line
}

/** What the last level must end with. */
export function wanted(script: Script, [inner, hours, days]: Levels): ReadonlyMap<string, number> {
  const first = overRows(minuteRows(script, endsWith(inner)), hours)
  return named(days === undefined ? first : overRows(first, days))
}

const anyLevels = fc.tuple(
  treeShapes(bounded, { accumulation: ['accumulating', 'retracting'] }, triggers),
  levels([10, 40]),
  fc.option(levels([30, 90])),
) as fc.Arbitrary<readonly [TreeShape, Level, Level | null]>
export const allLevels: fc.Arbitrary<Levels> = anyLevels.map(([inner, hours, days]) => [
  inner,
  hours,
  days ?? undefined,
])
