/** Owns what state weighs: bytes per key and window while the windows are open, the strings of keys not counted. */
import type { TimeWindow, Trigger } from '@tidemark/core'
import { completeMode, continuousRefinement, everyEventTime } from '@tidemark/triggers'
import { type Figure, type How, type Outcome, type Targets, type Trial, plainFigure } from './bench.ts'
import { draftSource } from './draft-source.ts'
import { everyKey } from './drafts.ts'
import { HandTumbling, tumblingByHand } from './hand/tumbling.ts'
import { MINUTE, type TotalsPane, batchSink, minutes, totals, totalsPanes } from './pipelines.ts'
import { type Draft, freshRecords, keyMaker } from './records.ts'
import { samePanes } from './same-results.ts'
import { depthThree } from './step-triggers.ts'
import { type Memory, memoryInUse } from './thread.ts'

/** Triggers that keep something per key and window, beside what any pane before the end needs (its number, its key). */
const STEPS: readonly (readonly [string, Trigger<TimeWindow>])[] = [
  ['afterFirst(count, time)', depthThree],
  ['everyEventTime', everyEventTime('10s')],
  ['completeMode', completeMode({ every: '10s' })],
]
const STEP_TARGETS: Targets = { generated: 40, plain: 40 }

export function weighing(keys: number, targets: Targets): Trial {
  const draft = everyKey(keys, 1)
  return {
    check: async () => {
      const panes = await totalsPanes(draftSource(draft), { windows: minutes })
      samePanes(panes, tumblingByHand(freshRecords(draft), MINUTE, 0))
      return panes.length
    },
    measure: (how) => weighOften(draft, keys, targets, how),
  }
}

async function weighOften(draft: Draft, keys: number, targets: Targets, { runs }: How): Promise<Outcome> {
  const ours: Memory[] = []
  const hand: number[] = []
  let rss = 0
  for (let run = 0; run < runs; run++) {
    const keyOf = keptKeys(keys)
    const byHand = weighHand(draft, MINUTE, keyOf)
    hand.push((byHand.heap + byHand.external) / keys)
    const { heap, external } = await weighEngine(draft, MINUTE, keyOf)
    ours.push({ heap: heap / keys, external: external / keys })
    rss = Math.max(rss, process.memoryUsage().rss)
  }
  // Two of the same differ by less than a byte: once is enough.
  const weigh = async (trigger: Trigger<TimeWindow>): Promise<number> => {
    const { heap, external } = await weighEngine(draft, MINUTE, keptKeys(keys), trigger)
    return (heap + external) / keys
  }
  const numbered = await weigh(continuousRefinement())
  const without = Math.min(...ours.map(({ heap, external }) => heap + external))
  const more: Figure[] = [plainFigure('more with panes before the end', 'bytes/entry', { ours: [numbered - without] })]
  for (const [what, trigger] of STEPS)
    more.push(
      plainFigure(`state of ${what}`, 'bytes/entry', {
        ours: [(await weigh(trigger)) - numbered],
        targets: STEP_TARGETS,
      }),
    )
  const part = (what: string, of: readonly number[]): Figure => plainFigure(what, 'bytes/entry', { ours: of })
  return {
    records: draft.keys.length,
    rssMb: Math.round(rss / 1e6),
    figures: [
      plainFigure('memory', 'bytes/entry', {
        ours: ours.map(({ heap, external }) => heap + external),
        unit: hand,
        targets,
      }),
      part(
        'on the heap',
        ours.map(({ heap }) => heap),
      ),
      part(
        'outside the heap',
        ours.map(({ external }) => external),
      ),
      ...more,
    ],
  }
}

/** One string per key, kept by whoever holds the function: a table that keeps them adds nothing. */
export function keptKeys(keys: number): (key: number) => string {
  const make = keyMaker()
  const strings = Array.from({ length: keys }, (_, key) => make(key))
  return (key) => strings[key] as string
}

/** What the state of the engine weighs after the last record of a draft that closes no window before its end. */
export async function weighEngine(
  draft: Draft,
  boundMs: number,
  keyOf: (key: number) => string,
  trigger?: Trigger<TimeWindow>,
): Promise<Memory> {
  let before: Memory | undefined
  let after: Memory | undefined
  const source = draftSource(draft, {
    keyOf,
    marks: [
      { place: 0, call: () => (before = memoryInUse()) },
      // One record before the end: with the last one the source would be finished.
      { place: draft.keys.length - 1, call: () => (after = memoryInUse()) },
    ],
  })
  await totals(
    source,
    batchSink<TotalsPane>(() => {}),
    { windows: minutes, boundMs, ...(trigger === undefined ? {} : { trigger }) },
  ).start().done
  return difference(before, after)
}

export function weighHand(draft: Draft, boundMs: number, keyOf: (key: number) => string): Memory {
  const before = memoryInUse()
  const tumbling = new HandTumbling(MINUTE, boundMs, () => {})
  for (let at = 0; at < draft.keys.length; at += 1_024)
    tumbling.take(freshRecords(draft, at, Math.min(at + 1_024, draft.keys.length), keyOf))
  const after = memoryInUse()
  tumbling.finish()
  return difference(before, after)
}

function difference(before: Memory | undefined, after: Memory | undefined): Memory {
  if (before === undefined || after === undefined) throw new Error('the job was not looked at')
  return { heap: after.heap - before.heap, external: after.external - before.external }
}
