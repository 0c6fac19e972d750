/** Owns the trials of what is not windows: chains, a pane per record, other ways in and out. */
import { continuousRefinement } from '@tidemark/triggers'
import type { Targets, Trial } from './bench.ts'
import { evenly } from './drafts.ts'
import { chainByHand } from './hand/chain.ts'
import { refinedByHand } from './hand/refinement.ts'
import type { HandResult } from './hand/totals.ts'
import { HandTumbling, tumblingByHand } from './hand/tumbling.ts'
import {
  MINUTE,
  type Message,
  type TotalsPane,
  batchSink,
  chained,
  decodedPanes,
  minutes,
  streamedPanes,
  streamedRecordPanes,
  totals,
} from './pipelines.ts'
import { type Draft, type Event, freshRecords } from './records.ts'
import { type Expected, samePanes, sameRecords } from './same-results.ts'
import { timed } from './timed.ts'

export function chain(records: number, targets: Targets): Trial {
  const draft = evenly(records, 1_000, 10, 0)
  const fresh = (): Event[] => freshRecords(draft)
  return timed({
    engine: { records, prepare: () => over(fresh(), chained) },
    unit: { records, prepare: () => over(fresh(), chainByHand) },
    targets,
    check: async () => {
      const found = await chained(fresh())
      sameRecords(found, chainByHand(fresh()))
      return found.length
    },
  })
}

/** Both sides hand their results on in batches, to whoever looks at each and keeps none. */
export function refinement(records: number, keys: number, targets: Targets): Trial {
  const draft = evenly(records, keys, Math.max(1, Math.round(records / (100 * keys))), 0)
  const fresh = (): Event[] => freshRecords(draft)
  const options = { windows: minutes, trigger: continuousRefinement() }
  return timed({
    engine: {
      records,
      prepare: () => {
        let seen = 0
        const look = batchSink<TotalsPane>((batch) => {
          for (const pane of batch) if (pane.kind === 'value') seen += pane.value.count
        })
        return over(fresh(), async (events) => {
          await totals(events, look, options).start().done
          return seen
        })
      },
    },
    unit: {
      records,
      prepare: () => {
        let seen = 0
        const look = (batch: readonly HandResult[]): void => {
          for (const result of batch) seen += result.count
        }
        return over(fresh(), (events) => {
          refinedByHand(events, MINUTE, look)
          return seen
        })
      },
    },
    targets,
    check: async () => {
      // Copies: were the panes themselves kept, V8 would from then on make all of them where old objects live, and the
      // runs below, which keep none, would be those of a program that keeps all.
      const panes: TotalsPane[] = []
      const copy = batchSink<TotalsPane>((batch) => {
        for (const pane of batch) if (pane.kind === 'value') panes.push({ ...pane, value: { ...pane.value } })
      })
      await totals(fresh(), copy, options).start().done
      samePanes(panes, numbered(fresh()))
      return panes.length
    },
  })
}

/** What a pane per record is by hand, with the numbers panes carry. */
function numbered(events: readonly Event[]): Expected[] {
  const all: Expected[] = []
  refinedByHand(events, MINUTE, (batch) => {
    // The n-th pane is the n-th record's.
    for (const result of batch) all.push({ ...result, index: result.count - 1, timing: 'early' })
  })
  return all
}

export function objectSource(records: number, keys: number, targets: Targets | undefined): Trial {
  const draft = evenly(records, keys, 30, 0)
  const byHand = async (batches: AsyncIterable<readonly Event[]>): Promise<readonly HandResult[]> => {
    const out: HandResult[] = []
    const tumbling = new HandTumbling(MINUTE, 0, (result) => out.push(result))
    for await (const batch of batches) tumbling.take(batch)
    tumbling.finish()
    return out
  }
  const batches = (): AsyncIterable<readonly Event[]> => inBatches(freshBatches(draft))
  return timed({
    engine: { records, prepare: () => over(batches(), streamedPanes) },
    unit: { records, prepare: () => over(batches(), byHand) },
    targets,
    check: async () => {
      const panes = await streamedPanes(batches())
      samePanes(panes, await byHand(batches()))
      return panes.length
    },
  })
}

export function recordSource(records: number, keys: number, targets: Targets | undefined): Trial {
  const draft = evenly(records, keys, 30, 0)
  const byHand = async (events: AsyncIterable<Event>): Promise<readonly HandResult[]> => {
    const out: HandResult[] = []
    const tumbling = new HandTumbling(MINUTE, 0, (result) => out.push(result))
    for await (const { key, at, value } of events) tumbling.add(key, at, value)
    tumbling.finish()
    return out
  }
  const events = (): AsyncIterable<Event> => oneByOne(freshRecords(draft))
  return timed({
    engine: { records, prepare: () => over(events(), streamedRecordPanes) },
    unit: { records, prepare: () => over(events(), byHand) },
    targets,
    check: async () => {
      const panes = await streamedRecordPanes(events())
      samePanes(panes, await byHand(events()))
      return panes.length
    },
  })
}

export function jsonBytes(records: number, keys: number, targets: Targets): Trial {
  const draft = evenly(records, keys, 10, 0)
  const messages: readonly Message[] = freshRecords(draft).map((event) => ({
    value: Buffer.from(JSON.stringify(event)),
  }))
  const byHand = (): readonly HandResult[] => {
    const out: HandResult[] = []
    const tumbling = new HandTumbling(MINUTE, 0, (result) => out.push(result))
    for (const message of messages) {
      const { key, at, value } = JSON.parse(message.value.toString()) as Event
      tumbling.add(key, at, value)
    }
    tumbling.finish()
    return out
  }
  return timed({
    // Bytes have no hash to be cached, so they need not be made anew.
    engine: { records, prepare: () => over(messages, decodedPanes) },
    unit: { records, prepare: () => byHand },
    targets,
    check: async () => {
      const panes = await decodedPanes(messages)
      samePanes(panes, tumblingByHand(freshRecords(draft), MINUTE, 0))
      return panes.length
    },
  })
}

function over<I>(input: I, run: (input: I) => unknown): () => unknown {
  return () => run(input)
}

const BATCH = 1_024

function freshBatches(draft: Draft): readonly (readonly Event[])[] {
  const batches: Event[][] = []
  for (let at = 0; at < draft.keys.length; at += BATCH)
    batches.push(freshRecords(draft, at, Math.min(at + BATCH, draft.keys.length)))
  return batches
}

async function* inBatches(batches: readonly (readonly Event[])[]): AsyncGenerator<readonly Event[], void> {
  for (const batch of batches) yield batch
}

async function* oneByOne(events: readonly Event[]): AsyncGenerator<Event, void> {
  for (const event of events) yield event
}
