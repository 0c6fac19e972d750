/**
 * Owns the close of one window with many keys: how long the thread is held up, on the heap that filling the window left,
 * and what all of it costs, beside a loop by hand and as that one after a collection of garbage.
 */
import { type Figure, type How, type Outcome, type Targets, type Trial, plainFigure, ratioFigure } from './bench.ts'
import { draftSource } from './draft-source.ts'
import { andThen, everyKey } from './drafts.ts'
import { HandTumbling, tumblingByHand } from './hand/tumbling.ts'
import type { HandResult } from './hand/totals.ts'
import { type Pauses, PauseWatch } from './pause-watch.ts'
import { MINUTE, type TotalsPane, batchSink, minutes, totals } from './pipelines.ts'
import type { Profiler } from './profile.ts'
import { T0, type Draft, freshRecords } from './records.ts'
import { samePanes } from './same-results.ts'
import { collectGarbage, threadNow } from './thread.ts'

export interface ClosingTargets {
  readonly pauseMs: Targets
  readonly total: Targets
}

export function closing(keys: number, targets: ClosingTargets): Trial {
  const filling = everyKey(keys, 1)
  const draft = andThen(filling, T0 + MINUTE)
  return {
    check: async () => {
      const { panes } = await closeByEngine(draft)
      samePanes(panes, tumblingByHand(freshRecords(draft), MINUTE, 0))
      return panes.length
    },
    measure: (how) => closeOften(draft, targets, how),
  }
}

async function closeOften(draft: Draft, targets: ClosingTargets, { runs, profiler }: How): Promise<Outcome> {
  const closes: Pauses[] = []
  const fills: Pauses[] = []
  const costs: number[] = []
  const hand: number[] = []
  let rss = 0
  for (let run = 0; run < runs; run++) {
    hand.push(closeByHand(draft))
    collectGarbage()
    const { fill, close, panes } = await closeByEngine(draft)
    rss = Math.max(rss, panes.length === 0 ? 0 : process.memoryUsage().rss)
    closes.push(close)
    fills.push(fill)
    costs.push(await timeOfClose(draft, profiler))
  }
  const ms = (ns: number): number => ns / 1e6
  const pause = (what: string, of: readonly number[]): Figure => plainFigure(what, 'ms', { ours: of })
  return {
    records: draft.keys.length,
    rssMb: Math.round(rss / 1e6),
    figures: [
      plainFigure('longest pause', 'ms', {
        ours: closes.map(({ longestMs }) => longestMs),
        unit: hand.map(ms),
        targets: targets.pauseMs,
      }),
      ratioFigure('total', 'ms', {
        ours: costs.map(ms),
        unit: hand.map(ms),
        targets: targets.total,
      }),
      ratioFigure('total, on the heap that filling left', 'ms', {
        ours: closes.map(({ wholeNs }) => ms(wholeNs)),
        unit: hand.map(ms),
      }),
      pause(
        "longest pause, of the thread's own time",
        closes.map(({ longestOwnMs }) => longestOwnMs),
      ),
      pause(
        'longest pause while the window fills',
        fills.map(({ longestMs }) => longestMs),
      ),
    ],
  }
}

interface Closed {
  readonly fill: Pauses
  readonly close: Pauses
  readonly panes: readonly TotalsPane[]
}

async function timeOfClose(draft: Draft, profiler: Profiler | undefined): Promise<number> {
  const { close } = await closeByEngine(draft, {
    begin: () => {
      collectGarbage()
      profiler?.begin()
    },
    end: () => profiler?.end(),
  })
  return close.wholeNs
}

/** From the record that completes the window (the draft's last) until the sink has all panes and knows it. */
async function closeByEngine(draft: Draft, around?: { begin: () => void; end: () => void }): Promise<Closed> {
  const fillWatch = new PauseWatch()
  const closeWatch = new PauseWatch()
  let fill: Pauses | undefined
  let close: Pauses | undefined
  const source = draftSource(draft, {
    marks: [
      { place: 0, call: () => fillWatch.begin() },
      {
        place: draft.keys.length - 1,
        call: () => {
          fill = fillWatch.end()
          around?.begin()
          closeWatch.begin()
        },
      },
    ],
  })
  const panes: TotalsPane[] = []
  const sink = batchSink<TotalsPane>(
    (batch) => {
      for (const pane of batch) panes.push(pane)
    },
    (watermark) => {
      if (watermark < T0 + MINUTE || close !== undefined) return
      close = closeWatch.end()
      around?.end()
    },
  )
  await totals(source, sink, { windows: minutes }).start().done
  if (fill === undefined || close === undefined) throw new Error('the window was not closed by its record')
  return { fill, close, panes }
}

/** The thread's time for the same, ns: all of it is one pause. */
function closeByHand(draft: Draft): number {
  const out: HandResult[] = []
  const tumbling = new HandTumbling(MINUTE, 0, (result) => out.push(result))
  tumbling.take(freshRecords(draft, 0, draft.keys.length - 1))
  const last = freshRecords(draft, draft.keys.length - 1)
  collectGarbage()
  const begun = threadNow()
  tumbling.take(last)
  return threadNow() - begun
}
