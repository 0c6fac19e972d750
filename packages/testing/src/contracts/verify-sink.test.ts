import { type Pane, type Sink, type SinkWriter, collected, latestValues, memoryTransactions } from '@tidemark/core'
import { describe, expect, test } from 'vitest'
import { type Fault, faultsAreFound, impatient } from '../../test/faults.ts'
import type { SinkBench, StandingResult } from './sink-stage.ts'
import { sinkChecks, verifySink } from './verify-sink.ts'

type Panes = Pane<string, number>
type Writer = SinkWriter<Panes>

const rows = (entries: ReturnType<typeof latestValues<string, number>>['entries']): readonly StandingResult[] =>
  [...entries()].map(([key, window, value]) => ({ key, window, value }))

/** What a reader makes of all panes by their versions. */
async function byVersion(panes: readonly Panes[]): Promise<readonly StandingResult[]> {
  const reader = latestValues<string, number>()
  await (await reader.open({ id: '0', signal })).write(panes)
  return rows(reader.entries)
}
const signal = { aborted: false, addEventListener: () => {}, removeEventListener: () => {} }

function latest(): SinkBench {
  const sink = latestValues<string, number>()
  return { sink, standing: () => rows(sink.entries) }
}

function every(): SinkBench {
  const sink = collected<Panes>()
  return {
    sink,
    standing: () => byVersion(sink.items),
    progress: () => sink.progress.at(-1) ?? Number.NEGATIVE_INFINITY,
  }
}

function transactional(): SinkBench {
  const sink = memoryTransactions().sink<Panes>()
  return { sink, standing: () => byVersion(sink.items) }
}

describe.each([
  ['latestValues', latest],
  ['collected', every],
  ['memoryTransactions', transactional],
])('%s keeps the contract', (_, make) => {
  test.each(sinkChecks(make, { runs: 2_000 }))('$name', ({ run }) => run(), 60_000)
})

test('a sink of durable jobs is tried without epochs, and must refuse others', async () => {
  const refusing = (refuses: boolean) => (): SinkBench => {
    const bench = latest()
    const open: typeof bench.sink.open = (task) => {
      if (refuses && task.durable !== true) throw new Error('durable jobs only')
      return bench.sink.open(task)
    }
    return { ...bench, sink: { ...bench.sink, open }, durableOnly: true }
  }
  await verifySink(refusing(true), { runs: 20 })
  await expect(verifySink(refusing(false), { runs: 1 })).rejects.toThrow(
    '1 of 13 checks failed.\nresults that are made anew replace those of before, or are refused: a job that makes its results anew: it was accepted',
  )
})

test('progress that was committed may be seen a little later, as results may', async () => {
  const late = (make: () => SinkBench) => (): SinkBench => {
    let [told, seen] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
    const bench = broken(
      ({ progress }) => ({ progress: (watermark) => ((told = watermark), progress(watermark)) }),
      make,
    )()
    // Each look sees what was there at the look before.
    const progress = (): number => {
      const found = seen
      seen = told
      return found
    }
    return { ...bench, progress }
  }
  await verifySink(late(transactional), { runs: 1, clock: impatient })
  await expect(verifySink(late(every), { runs: 1, clock: impatient })).rejects.toThrow('expected -5')
})

/** A sink with one fault: methods of the writers of a good one, replaced. */
function broken(change: (writer: Writer) => Partial<Writer>, make: () => SinkBench = latest): () => SinkBench {
  return () => {
    const bench = make()
    const open: Sink<Panes>['open'] = async (task) => {
      const writer = await bench.sink.open(task)
      return { ...writer, ...change(writer) }
    }
    return { ...bench, sink: { ...bench.sink, open } }
  }
}

const writing = (map: (panes: readonly Panes[]) => readonly Panes[], make?: () => SinkBench): (() => SinkBench) =>
  broken(({ write }) => ({ write: (panes) => write(map(panes)) }), make)
const everyPane = (map: (pane: Panes) => Panes): (() => SinkBench) => writing((panes) => panes.map(map))
const without = (leaves: (pane: Panes) => boolean): (() => SinkBench) =>
  writing((panes) => panes.filter((pane) => !leaves(pane)))

/** Reads another thing than what is there. */
const reading =
  (map: (found: readonly StandingResult[]) => readonly StandingResult[]): (() => SinkBench) =>
  () => {
    const { sink, standing } = latest()
    return { sink, standing: async () => map([...(await standing())]) }
  }

/** Holds panes back until the next write. */
const oneBehind = broken(({ write }) => {
  let held: readonly Panes[] = []
  return {
    write: async (panes) => {
      await write(held)
      held = panes
    },
  }
})

/** Keeps panes in a buffer that only a flush empties, and forgets it when it is full. */
const overflows = broken(({ write, flush }) => {
  let held: Panes[] = []
  return {
    write: (panes) => {
      held.push(...panes)
      held = held.slice(-1_000)
    },
    flush: async () => {
      await write(held)
      held = []
      await flush()
    },
  }
})

/** The last pane that is written stands, whatever its version is. */
const lastWins = (): SinkBench => {
  const sink = collected<Panes>()
  const standing = (): readonly StandingResult[] => {
    const found = new Map<string, StandingResult>()
    for (const { key, window, ...pane } of sink.items) {
      if (pane.kind === 'retraction') found.delete(JSON.stringify([key, window]))
      if (pane.kind === 'value') found.set(JSON.stringify([key, window]), { key, window, value: pane.value })
    }
    return [...found.values()]
  }
  return { sink, standing }
}

/** Compares versions within a flush only: a table that is written anew by each. */
let writes = 0
const forgetsVersions = broken(({ write }) => ({
  write: (panes) => {
    const epoch = writes++
    return write(panes.map((pane) => ({ ...pane, epoch })))
  },
}))

/** Each writer begins with nothing. */
const ownPlace = (): SinkBench => {
  let sink = latestValues<string, number>()
  const open: Sink<Panes>['open'] = (task) => {
    sink = latestValues<string, number>()
    return sink.open(task)
  }
  return { sink: { kind: 'own', open }, standing: () => rows(sink.entries) }
}

/** A writer that is closed takes its place with it. */
const closesPlace = (): SinkBench => {
  const sink = collected<Panes>()
  let closed = false
  const open: Sink<Panes>['open'] = async (task) => {
    const writer = await sink.open(task)
    return {
      ...writer,
      write: (panes) => (closed ? undefined : writer.write(panes)),
      close: async () => {
        closed = true
      },
    }
  }
  return { sink: { kind: 'closes', open }, standing: () => byVersion(sink.items) }
}

/** Progress overtakes the results that were written before it. */
const overtaken = (): SinkBench => {
  const bench = every()
  const held: Panes[] = []
  const open: Sink<Panes>['open'] = async (task) => {
    const writer = await bench.sink.open(task)
    return {
      ...writer,
      write: (panes) => void held.push(...panes),
      progress: async (watermark) => {
        await writer.progress(watermark)
        if (watermark >= 0) await writer.write(held.splice(0))
        else held.length = 0
      },
    }
  }
  return { ...bench, sink: { ...bench.sink, open } }
}

const seenAtOnce = (): SinkBench => {
  const { sink } = transactional()
  const seen: Panes[] = []
  const open: Sink<Panes>['open'] = async (task) => {
    const writer = await sink.open(task)
    return { ...writer, write: (panes) => void seen.push(...panes) }
  }
  return { sink: { ...sink, open }, standing: () => byVersion(seen) }
}

/** Loses the batch that is the third after a restart. */
let opened = 0
const losesLater = broken(({ write }) => {
  const nth = opened++
  let batch = 0
  return { write: (panes) => (nth > 2 && nth % 3 === 0 && ++batch === 2 ? undefined : write(panes)) }
})

const key = (map: (key: string) => string): (() => SinkBench) => everyPane((pane) => ({ ...pane, key: map(pane.key) }))
const asInt32 = (value: number): number => Math.trunc(value) | 0

const MUTANTS: readonly Fault<() => SinkBench>[] = [
  ['writes when the next batch comes', oneBehind, 'what is flushed is there'],
  [
    'turns what it is given around in place',
    writing((panes) => (panes as Panes[]).reverse()),
    'what is flushed is there',
  ],
  ['reads a result twice', reading((found) => [...found, ...found]), 'what is flushed is there'],
  ['forgets what does not fit', overflows, 'a batch may have any size'],
  ['keys without case', key((text) => text.toLowerCase()), 'keys and windows are apart'],
  ['keys that end with 0', key((text) => text.replaceAll('\u0000', '')), 'keys and windows are apart'],
  ['keys of at most 100 characters', key((text) => text.slice(0, 100)), 'keys and windows are apart'],
  ['takes no empty key', without((pane) => pane.key === ''), 'keys and windows are apart'],
  [
    'knows a window by its end',
    everyPane((pane) => ({ ...pane, window: { start: 0, end: pane.window.end } })),
    'keys and windows are apart',
  ],
  [
    'knows a window by its start',
    everyPane((pane) => ({ ...pane, window: { start: pane.window.start, end: pane.window.start + 60_000 } })),
    'keys and windows are apart',
  ],
  ['knows no windows before 1970', without((pane) => pane.window.start < 0), 'keys and windows are apart'],
  [
    'values of 32 bits',
    everyPane((pane) => (pane.kind === 'value' ? { ...pane, value: asInt32(pane.value) } : pane)),
    'values come back as they were',
  ],
  ['the last one wins', lastWins, 'the newest version stays'],
  [
    'compares versions as text',
    everyPane((pane) => ({ ...pane, index: textOrder(pane.index) })),
    'the newest version stays',
  ],
  ['versions of 16 bits', everyPane((pane) => ({ ...pane, index: pane.index % 65_536 })), 'the newest version stays'],
  ['knows no withdrawals', without((pane) => pane.kind === 'retraction'), 'a withdrawn result is gone'],
  ['forgets what it withdrew', lastWins, 'a withdrawn result is gone'],
  [
    'withdraws for good',
    everyPane((pane) => (pane.kind === 'retraction' ? { ...pane, index: 1e6 } : pane)),
    'a withdrawn result is gone',
  ],
  ['compares versions in a batch only', forgetsVersions, 'what a restart writes again'],
  [
    'takes a correction for a result',
    everyPane((pane) =>
      pane.kind === 'correction'
        ? {
            ...pane,
            kind: 'value',
            value: 0,
            index: 9,
            timing: 'late',
            isFirst: false,
            isLast: false,
            records: 1,
            lateRecords: 1,
          }
        : pane,
    ),
    'a correction leaves the value as it is',
  ],
  ['knows no epochs', everyPane((pane) => ({ ...pane, epoch: 0 })), 'results that are made anew'],
  ['writers have places of their own', ownPlace, 'writers beside each other'],
  ['closes the place with the writer', closesPlace, 'writers beside each other'],
  ['progress overtakes results', overtaken, 'progress is told behind the results'],
  ['tells no progress', broken(() => ({ progress: () => {} }), every), 'progress is told behind the results'],
  ['shows what is not decided', seenAtOnce, 'nothing of a transaction is seen'],
  ['loses a batch after restarts', losesLater, 'any history of writers'],
  ['never flushes', broken(() => ({ flush: () => new Promise<never>(() => {}) })), 'what is flushed is there'],
]

/** A number that is to others as its text is. */
function textOrder(index: number): number {
  return Number(`0.${index}`)
}

faultsAreFound(MUTANTS, (make) => sinkChecks(make, { runs: 50, seed: 1, clock: impatient }), sinkChecks(latest))
