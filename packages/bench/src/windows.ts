/** Owns the trials of windows and triggers: from an array to an array, keyed, count and sum. */
import { type TimeWindow, type Trigger, arrivalClock, hopping, ms, replay, session } from '@tidemark/core'
import { earlyAndLate } from '@tidemark/triggers'
import type { Targets, Trial } from './bench.ts'
import { awaited, evenly, perSlide, thinned, visits } from './drafts.ts'
import { earlyByHand } from './hand/early.ts'
import { hoppingByHand } from './hand/hopping.ts'
import { sessionsByHand } from './hand/sessions.ts'
import { tumblingByHand } from './hand/tumbling.ts'
import { MINUTE, type TotalsOptions, type TotalsPane, minutes, totalsPanes } from './pipelines.ts'
import { type Draft, type Event, freshRecords } from './records.ts'
import { type Expected, samePanes } from './same-results.ts'
import { type Contender, timed } from './timed.ts'

export function tumblingWindows(
  records: number,
  keys: number,
  windows: number,
  boundMs: number,
  targets: Targets,
): Trial {
  const draft = evenly(records, keys, windows, boundMs)
  const engine = (fresh: readonly Event[]): Promise<readonly TotalsPane[]> =>
    totalsPanes(fresh, { windows: minutes, boundMs })
  const hand = (fresh: readonly Event[]): readonly Expected[] => tumblingByHand(fresh, MINUTE, boundMs)
  return timed({
    engine: contender(draft, engine),
    unit: contender(draft, hand),
    targets,
    check: agreement(draft, engine, hand),
  })
}

export function hoppingWindows(everyMs: number, slides: number, recordsPerKey: number, targets: Targets): Trial {
  const keys = 100
  const draft = perSlide(slides, everyMs, keys, recordsPerKey)
  const windows = hopping(ms(MINUTE), { every: ms(everyMs) })
  const engine = (fresh: readonly Event[]): Promise<readonly TotalsPane[]> => totalsPanes(fresh, { windows })
  const hand = (fresh: readonly Event[]): readonly Expected[] => hoppingByHand(fresh, MINUTE, everyMs)
  return timed({
    engine: contender(draft, engine),
    unit: contender(draft, ourTumbling),
    hand: contender(draft, hand),
    panes: { only: contender(thinned(draft, everyMs, keys), engine), alsoOfUnit: 0 },
    targets,
    check: agreement(draft, engine, hand),
  })
}

export function sessions(records: number, keys: number, targets: Targets): Trial {
  const gapMs = 30_000
  const draft = visits(records, keys, gapMs)
  const engine = (fresh: readonly Event[]): Promise<readonly TotalsPane[]> =>
    totalsPanes(fresh, { windows: session(ms(gapMs)) })
  const hand = (fresh: readonly Event[]): readonly Expected[] => sessionsByHand(fresh, gapMs)
  return timed({
    engine: contender(draft, engine),
    unit: contender(draft, hand),
    targets,
    check: agreement(draft, engine, hand),
  })
}

/** The clock follows event time, so that early panes come as they would live. */
export function earlyAndLatePanes(records: number, keys: number, windows: number, targets: Targets): Trial {
  const everyMs = 10_000
  const draft = evenly(records, keys, windows, 0)
  const options: TotalsOptions = {
    windows: minutes,
    latenessMs: MINUTE,
    trigger: earlyAndLate({ earlyEvery: ms(everyMs) }),
  }
  const engine = (fresh: readonly Event[]): Promise<readonly TotalsPane[]> =>
    totalsPanes(replay(fresh, { arrivedAt: (event) => event.at }), options, { clock: arrivalClock() })
  return timed({
    engine: contender(draft, engine),
    unit: contender(draft, ourTumbling),
    panes: { only: contender(awaited(draft, MINUTE, everyMs, keys), engine), alsoOfUnit: keys * windows },
    targets,
    check: agreement(draft, engine, (fresh) => earlyByHand(fresh, MINUTE, everyMs)),
  })
}

/** A trigger that adds no panes (its counts and times are not reached): what asking it costs. */
export function triggered(
  trigger: Trigger<TimeWindow>,
  records: number,
  keys: number,
  windows: number,
  targets: Targets,
): Trial {
  const draft = evenly(records, keys, windows, 0)
  const engine = (fresh: readonly Event[]): Promise<readonly TotalsPane[]> =>
    totalsPanes(fresh, { windows: minutes, trigger })
  return timed({
    engine: contender(draft, engine),
    unit: contender(draft, ourTumbling),
    targets,
    check: agreement(draft, engine, (fresh) => tumblingByHand(fresh, MINUTE, 0)),
  })
}

function ourTumbling(fresh: readonly Event[]): Promise<readonly TotalsPane[]> {
  return totalsPanes(fresh, { windows: minutes })
}

function contender(draft: Draft, run: (fresh: readonly Event[]) => unknown): Contender {
  return {
    records: draft.keys.length,
    prepare: () => {
      const fresh = freshRecords(draft)
      return () => run(fresh)
    },
  }
}

function agreement(
  draft: Draft,
  engine: (fresh: readonly Event[]) => Promise<readonly TotalsPane[]>,
  hand: (fresh: readonly Event[]) => readonly Expected[],
): Trial['check'] {
  return async () => {
    const panes = await engine(freshRecords(draft))
    samePanes(panes, hand(freshRecords(draft)))
    return panes.length
  }
}
