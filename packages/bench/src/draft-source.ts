/**
 * Owns a source that makes the records of a draft as they are asked for, so that they need not all be in memory, and
 * that can look at the job between two of them. The time it takes itself is kept, to be taken off.
 */
import type { Source, SourceReader } from '@tidemark/core'
import { type Draft, type Event, freshRecords, keyMaker } from './records.ts'
import { threadNow } from './thread.ts'

/** Called when all records before a place have gone through and those from there on have not been asked for. */
export interface Mark {
  readonly place: number
  readonly call: () => void
}

export interface DraftSource extends Source<Event> {
  /** The thread's time spent on making records, ns. */
  readonly spentNs: number
}

export interface DraftSourceOptions {
  /** In order of place. */
  readonly marks?: readonly Mark[]
  /** The string of a key; without it each record gets a new one. */
  readonly keyOf?: ((key: number) => string) | undefined
}

const SPLIT = '0'

export function draftSource(draft: Draft, { marks = [], keyOf }: DraftSourceOptions = {}): DraftSource {
  let spentNs = 0
  const end = draft.keys.length
  const open = async (positions: Parameters<Source<Event>['open']>[1]): Promise<SourceReader<Event>> => {
    let at = Number(positions?.[0]?.offset ?? 0n)
    const stringOf = keyOf ?? keyMaker()
    const ahead = marks.filter(({ place }) => place >= at)
    return {
      splits: [SPLIT],
      poll: (limit) => {
        while (ahead[0]?.place === at) ahead.shift()?.call()
        const begun = threadNow()
        const first = at
        at = Math.min(first + limit, ahead[0]?.place ?? end, end)
        const records = freshRecords(draft, first, at, stringOf)
        spentNs += threadNow() - begun
        const finished = at === end
        return { split: SPLIT, records, first: BigInt(first), next: BigInt(at), caughtUp: finished, finished }
      },
      pause: () => {},
      resume: () => {},
      committed: async () => {},
      close: async () => {},
    }
  }
  return {
    kind: 'draft',
    seekable: true,
    open: (_, positions) => open(positions),
    get spentNs() {
      return spentNs
    },
  }
}
