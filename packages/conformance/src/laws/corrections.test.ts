/**
 * Records that are too late become corrections: what a reader makes of results and corrections is what all records make,
 * whatever lateness the windows allow. The reader here is a few lines over the public functions; the tiers' own is held
 * against the same.
 */
import {
  type Key,
  type Pane,
  type Pipeline,
  type Sink,
  type TimeWindow,
  boundedOutOfOrderness,
  calendar,
  hopping,
  ms,
  pipeline,
  servedBy,
  session,
  tumbling,
} from '@tidemark/core'
import { type Script, play, recordsOf, scripts } from '@tidemark/testing'
import { continuousRefinement, earlyAndLate, emitOnClose } from '@tidemark/triggers'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { LAW_MS, tryLaw } from './law.ts'
import { type Item, item } from './shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

type Value = { readonly n: number; readonly sum: number; readonly most: number | undefined; readonly kinds: number }
type ValuePanes = Pane<string, Value>

const keeper: Sink<ValuePanes> = {
  keepsAccumulators: true,
  open: async () => ({ write() {}, progress() {}, flush: async () => {}, close: async () => {} }),
}

const GRIDS = {
  tumbling: tumbling('10ms'),
  hopping: hopping('12ms', { every: '5ms' }),
  gaps: hopping('3ms', { every: '7ms' }),
  day: calendar('day', { timeZone: 'UTC' }),
}
const TRIGGERS = {
  default: undefined,
  early: earlyAndLate({ earlyEvery: '3ms' }),
  each: continuousRefinement({ completion: true }),
  close: emitOnClose(),
}
const how = fc.record({
  latenessMs: fc.constantFrom(0, 4, 1_000_000),
  trigger: fc.constantFrom(...(Object.keys(TRIGGERS) as (keyof typeof TRIGGERS)[])),
  accumulation: fc.constantFrom('accumulating' as const, 'retracting' as const),
  filters: fc.boolean(),
})
type How = typeof how extends fc.Arbitrary<infer H> ? H : never

function job(assigner: (typeof GRIDS)['tumbling'], { latenessMs, trigger, accumulation, filters }: How) {
  const chosen = TRIGGERS[trigger]
  const results = pipeline('p')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: boundedOutOfOrderness('2ms') })
    .keyBy(({ key }) => key)
    .window(assigner, {
      allowedLateness: ms(latenessMs),
      accumulation: accumulation as 'accumulating',
      ...(chosen === undefined ? {} : { trigger: chosen }),
    })
    .aggregate((a) => ({
      n: a.count(),
      sum: a.sum(({ value }) => value),
      most: a.max(({ value }) => value),
      kinds: a.distinct(({ value }) => value % 3),
    }))
  return (filters ? results.filter(({ n }) => n % 2 === 0) : results).to(keeper) as Pipeline<ValuePanes, Item>
}

interface Entry {
  readonly key: string
  readonly window: TimeWindow
  version: number
  bytes: Uint8Array | undefined
  readonly corrections: Map<string, Uint8Array>
}

/** What a store keeps of the panes: the newest version of each window, and its corrections. */
function stored(panes: readonly ValuePanes[]): readonly Entry[] {
  const entries = new Map<string, Entry>()
  for (const pane of panes) {
    const { key, window } = pane
    const name = `${key}@${window.start},${window.end}`
    const entry = entries.get(name) ?? { key, window, version: -1, bytes: undefined, corrections: new Map() }
    entries.set(name, entry)
    if (pane.kind === 'correction') {
      expect(entry.corrections.has(pane.id)).toBe(false)
      entry.corrections.set(pane.id, pane.delta)
      continue
    }
    const version = 2 * pane.index + (pane.kind === 'retraction' ? 1 : 0)
    if (version < entry.version) continue
    entry.version = version
    entry.bytes = pane.kind === 'retraction' ? undefined : pane.accumulator
    if (pane.kind === 'value') expect(pane.accumulator).toBeDefined()
  }
  return [...entries.values()]
}

const meta = (key: Key, window: TimeWindow) =>
  ({
    key,
    window,
    index: 0,
    epoch: 0,
    watermark: 0,
    emittedAt: 0,
    timing: 'late',
    isFirst: false,
    isLast: false,
  }) as const

/** Merged by window; sessions that touch become one. */
function read(of: Pipeline<ValuePanes, Item>, panes: readonly ValuePanes[], merging: boolean): readonly string[] {
  const served = servedBy(of as Pipeline<unknown>)
  const parts = stored(panes).flatMap(({ key, window, bytes, corrections }) => {
    const all = [...(bytes === undefined ? [] : [bytes]), ...corrections.values()]
    return all.map((one) => ({ key, ...window, acc: served.decode(one) }))
  })
  parts.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.start - b.start || a.end - b.end))
  const merged: typeof parts = []
  for (const part of parts) {
    const last = merged.at(-1)
    const joins =
      last !== undefined &&
      last.key === part.key &&
      (merging ? part.start <= last.end : part.start === last.start && part.end === last.end)
    if (!joins) merged.push({ ...part })
    else Object.assign(last, { end: Math.max(last.end, part.end), acc: served.merge(last.acc, part.acc) })
  }
  return merged.flatMap(({ key, start, end, acc }) => {
    const found = served.value(acc, meta(key, { start, end }))
    return found === undefined ? [] : [JSON.stringify([key, start, end, found.value])]
  })
}

function played(of: Pipeline<ValuePanes, Item>, script: Script): readonly ValuePanes[] {
  return play(of as never, script, item as never).steps.flatMap((step) => step.panes as readonly ValuePanes[])
}

function valueOf(items: readonly Item[]): Value {
  return {
    n: items.length,
    sum: items.reduce((sum, { value }) => sum + value, 0),
    most: Math.max(...items.map(({ value }) => value)),
    kinds: new Set(items.map(({ value }) => value % 3)).size,
  }
}

/** The same from all records, without an engine. */
function batch(items: readonly Item[], windowsOf: (items: readonly Item[]) => Map<string, Item[]>, filters: boolean) {
  const lines = [...windowsOf(items)].map(([name, of]) => [
    ...(JSON.parse(name) as [string, number, number]),
    valueOf(of),
  ])
  return lines.filter((line) => !filters || (line[3] as Value).n % 2 === 0).map((line) => JSON.stringify(line))
}

/** Days are long: records whose window is freed are those before midnight that come after it. */
const BY_MIDNIGHT = { from: -4, minRecords: 8, disorder: 40 }

test.each(Object.entries(GRIDS))('%s: the answer is that of all records, however late they came', (kind, assigner) => {
  let corrected = 0
  tryLaw(250, fc.tuple(scripts(kind === 'day' ? BY_MIDNIGHT : {}), how), ([script, options]) => {
    const of = job(assigner as (typeof GRIDS)['tumbling'], options)
    const panes = played(of, script)
    corrected += panes.filter(({ kind }) => kind === 'correction').length
    const items = recordsOf(script).map(({ key, value, at }) => item(key, value, at))
    const windows = (all: readonly Item[]): Map<string, Item[]> => {
      const found = new Map<string, Item[]>()
      for (const one of all)
        for (const { start, end } of assigner.assign(one.at, one as never)) {
          const name = JSON.stringify([one.key, start, end])
          found.set(name, [...(found.get(name) ?? []), one])
        }
      return found
    }
    expect([...read(of, panes, false)].sort()).toEqual(batch(items, windows, options.filters).sort())
  })
  expect(corrected).toBeGreaterThan(0)
})

test('sessions: those of all records, corrections joined', () => {
  const gap = 4
  let corrected = 0
  tryLaw(250, fc.tuple(scripts(), how), ([script, options]) => {
    const of = job(session(ms(gap)) as never, options)
    const panes = played(of, script)
    corrected += panes.filter(({ kind }) => kind === 'correction').length
    const items = recordsOf(script).map(({ key, value, at }) => item(key, value, at))
    const windows = (all: readonly Item[]): Map<string, Item[]> => {
      const found = new Map<string, Item[]>()
      for (const key of new Set(all.map((one) => one.key))) {
        let run: Item[] = []
        const close = (): void => {
          const [first, last] = [run[0], run.at(-1)]
          if (first !== undefined && last !== undefined) found.set(JSON.stringify([key, first.at, last.at + gap]), run)
          run = []
        }
        for (const one of all.filter((other) => other.key === key).sort((a, b) => a.at - b.at)) {
          const last = run.at(-1)
          if (last !== undefined && one.at > last.at + gap) close()
          run.push(one)
        }
        close()
      }
      return found
    }
    expect([...read(of, panes, true)].sort()).toEqual(batch(items, windows, options.filters).sort())
  })
  expect(corrected).toBeGreaterThan(0)
})
