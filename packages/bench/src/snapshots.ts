/** Owns checkpoints while records flow: how long the thread is held up. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CheckpointStore, type Clock, collected, memoryCheckpoints, ms } from '@tidemark/core'
import { folder } from '@tidemark/core/folder'
import { type Figure, type How, type Outcome, type Targets, type Trial, plainFigure } from './bench.ts'
import { draftSource } from './draft-source.ts'
import { everyKey } from './drafts.ts'
import { tumblingByHand } from './hand/tumbling.ts'
import { type Pauses, PauseWatch } from './pause-watch.ts'
import { MINUTE, type TotalsPane, minutes, totals } from './pipelines.ts'
import type { Profiler } from './profile.ts'
import { type Draft, freshRecords } from './records.ts'
import { samePanes } from './same-results.ts'
import { collectGarbage } from './thread.ts'

/** Checkpoints come when the bench moves the clock this far, and at the end of a job. */
const EVERY_MS = 1_000_000

interface Stores {
  /** A store and how to get rid of it. */
  readonly make: () => { readonly store: CheckpointStore; readonly dispose: () => void }
}

const everyMs = EVERY_MS
export const inMemory: Stores = { make: () => ({ store: memoryCheckpoints({ everyMs }), dispose: () => {} }) }
export const inFolder: Stores = {
  make: () => {
    const path = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
    return { store: folder(path, { every: ms(everyMs) }), dispose: () => rmSync(path, { recursive: true }) }
  },
}
/** Keeps what it is given, uncopied: what is left is the engine's own part. */
const uncopied: Stores = {
  make: () => {
    let kept: unknown
    const save = async (checkpoint: unknown): Promise<void> => {
      kept = checkpoint
    }
    const session = { load: async () => kept, save, close: async () => {} }
    return { store: { kind: 'uncopied', everyMs, open: async () => session }, dispose: () => {} }
  },
}

/** One round of records fills the state, at the beginning of the second the checkpoint is made. */
export function snapshots(keys: number, stores: Stores, targets: Targets): Trial {
  const draft = everyKey(keys, 2)
  return {
    check: () => restored(draft, stores),
    measure: (how) => snapshotOften(draft, stores, targets, how),
  }
}

async function snapshotOften(
  draft: Draft,
  stores: Stores,
  targets: Targets,
  { runs, profiler }: How,
): Promise<Outcome> {
  const whole: Pauses[] = []
  const taking: Pauses[] = []
  const none: Pauses[] = []
  let rss = 0
  for (let run = 0; run < runs; run++) {
    none.push(await flow(draft, uncopied, false, undefined))
    taking.push(await flow(draft, uncopied, true, undefined))
    whole.push(await flow(draft, stores, true, profiler))
    rss = Math.max(rss, process.memoryUsage().rss)
  }
  const own = (what: string, of: readonly Pauses[]): Figure =>
    plainFigure(`${what}, of the thread's own time`, 'ms', { ours: of.map(({ longestOwnMs }) => longestOwnMs) })
  return {
    records: draft.keys.length,
    rssMb: Math.round(rss / 1e6),
    figures: [
      plainFigure('longest pause', 'ms', { ours: whole.map(({ longestMs }) => longestMs), targets }),
      own('longest pause', whole),
      own('without what the store does', taking),
      own('without a checkpoint', none),
    ],
  }
}

class HandClock implements Clock {
  #now = 1
  readonly now = (): number => this.#now
  forward(): void {
    this.#now += EVERY_MS
  }
}

/** Looks at the second half of a draft, at the beginning of which a checkpoint is made or not. */
async function flow(draft: Draft, stores: Stores, snapshot: boolean, profiler: Profiler | undefined): Promise<Pauses> {
  const { store, dispose } = stores.make()
  const clock = new HandClock()
  const watch = new PauseWatch()
  let pauses: Pauses | undefined
  let checkpoints = 0
  const begin = (): void => {
    collectGarbage()
    if (snapshot) clock.forward()
    profiler?.begin()
    watch.begin()
  }
  const end = (): void => {
    pauses = watch.end()
    profiler?.end()
    if (checkpoints !== (snapshot ? 1 : 0)) throw new Error(`${checkpoints} checkpoints were made`)
    // The end of the input would close the window: that is another bench.
    void job.drain()
  }
  const marks = [
    { place: draft.keys.length / 2, call: begin },
    { place: draft.keys.length - 1, call: end },
  ]
  const source = draftSource(draft, { marks })
  const job = totals(source, collected(), { windows: minutes }).start({ clock, checkpoint: store })
  job.on('checkpoint', () => checkpoints++)
  try {
    await job.done
  } finally {
    dispose()
  }
  if (pauses === undefined) throw new Error('the records did not flow')
  return pauses
}

/** Stops halfway with a checkpoint, goes on from there in a new job, and comes to the results of one run by hand. */
async function restored(draft: Draft, stores: Stores): Promise<number> {
  const { store, dispose } = stores.make()
  try {
    const early = collected<TotalsPane>()
    const marks = [{ place: draft.keys.length / 2, call: () => void first.drain() }]
    const first = totals(draftSource(draft, { marks }), early, { windows: minutes }).start({ checkpoint: store })
    await first.done
    const sink = collected<TotalsPane>()
    let anew = false
    const again = draftSource(draft, { marks: [{ place: 0, call: () => (anew = true) }] })
    await totals(again, sink, { windows: minutes }).start({ checkpoint: store }).done
    if (anew) throw new Error('the second job began anew: the checkpoint was not there')
    if (early.items.length > 0) throw new Error('wrong results: panes before the window was complete')
    samePanes(sink.items, tumblingByHand(freshRecords(draft), MINUTE, 0))
    return sink.items.length
  } finally {
    dispose()
  }
}
