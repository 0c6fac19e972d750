/** Owns sources in memory: what `from` makes of arrays, iterables, async iterables and web streams. */
import { configError } from '../errors/stream-error.ts'
import type { Position } from './meta.ts'
import type { Batch, RecordInfo, Source, SourceReader } from './source.ts'

const SPLIT = '0'

interface WebStreamLike {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: unknown }>
    releaseLock(): void
    cancel(): Promise<void>
  }
}

/** A source for whatever `from` accepts. */
export function toSource(input: unknown): Source<unknown> {
  const candidate = input as
    | { open?: unknown; getReader?: unknown; [Symbol.iterator]?: unknown; [Symbol.asyncIterator]?: unknown }
    | null
    | undefined
  if (typeof candidate?.open === 'function') return candidate as unknown as Source<unknown>
  if (Array.isArray(input)) return arraySource(input, undefined)
  if (typeof candidate?.[Symbol.asyncIterator] === 'function')
    return asyncSource('asyncIterable', input as AsyncIterable<unknown>)
  if (typeof candidate?.getReader === 'function') return asyncSource('stream', readStream(input as WebStreamLike))
  if (typeof input !== 'string' && typeof candidate?.[Symbol.iterator] === 'function')
    return iterableSource(input as Iterable<unknown>)
  throw configError('BAD_SOURCE', 'from', {
    found: input,
    expected: 'a source, an array, an Iterable, an AsyncIterable (a Node Readable is one) or a Web ReadableStream',
    remedy: 'Pass one of these; for text split it into records first.',
  })
}

/** What a record of an array says about itself, for replays. */
export interface ReplayOptions<T> {
  /** When the record arrived, ms: with `arrivalClock()` as the job's clock the replay runs in that time. */
  readonly arrivedAt: (value: T) => number
  /** The timestamp kept beside the value, if there is one. */
  readonly timestamp?: (value: T) => number
}

/**
 * An array as a source whose records say when they arrived: a recorded stream, played again. Give the records in order
 * of arrival and start the job with `clock: arrivalClock()`.
 */
export function replay<T>(records: readonly T[], options: ReplayOptions<T>): Source<T> {
  return arraySource(records, options) as Source<T>
}

function arraySource<T>(records: readonly T[], options: ReplayOptions<T> | undefined): Source<T> {
  const { timestamp } = options ?? {}
  return Object.freeze({
    kind: options === undefined ? 'array' : 'replay',
    seekable: true,
    open: async (_, positions): Promise<SourceReader<T>> => {
      let at = Number(positions?.find(({ split }) => split === SPLIT)?.offset ?? 0n)
      let times: Float64Array = new Float64Array(0)
      return {
        ...passive(),
        poll: (limit) => {
          const first = at
          // The whole array in one go needs no copy, and neither does a slice of it cost a look at each record.
          const batch = records.slice(first, first + limit)
          at += batch.length
          const info =
            timestamp === undefined ? undefined : (i: number): RecordInfo => ({ timestamp: timestamp(batch[i] as T) })
          const finished = at >= records.length
          return {
            split: SPLIT,
            records: batch,
            first: BigInt(first),
            next: BigInt(at),
            caughtUp: finished,
            finished,
            ...(info === undefined ? {} : { info }),
            ...(options === undefined ? {} : { arrivals: (times = timesOf(batch, options.arrivedAt, times)) }),
          }
        },
      }
    },
  } satisfies Source<T>)
}

/** Writes over `times` where that is of a batch as long as this one: making an array for each costs more than filling it. */
function timesOf<T>(batch: readonly T[], at: (value: T) => number, times: Float64Array): Float64Array {
  const own = times.length === batch.length ? times : new Float64Array(batch.length)
  for (let i = 0; i < batch.length; i++) own[i] = at(batch[i] as T)
  return own
}

function iterableSource<T>(input: Iterable<T>): Source<T> {
  return Object.freeze({
    kind: 'iterable',
    seekable: false,
    open: async (): Promise<SourceReader<T>> => {
      const iterator = input[Symbol.iterator]()
      let at = 0n
      let ended = false
      return {
        ...passive(),
        poll: (limit) => {
          const records: T[] = []
          while (records.length < limit) {
            const step = iterator.next()
            ended = step.done === true
            if (step.done === true) break
            records.push(step.value)
          }
          const first = at
          at += BigInt(records.length)
          return { split: SPLIT, records, first, next: at, caughtUp: ended, finished: ended }
        },
        close: async () => {
          if (!ended) iterator.return?.()
        },
      }
    },
  } satisfies Source<T>)
}

/**
 * Reads ahead by one batch: what has come while the job worked is delivered together, so that a fast producer does not
 * cost a turn of the event loop per record, and a slow one is caught up as soon as nothing waits.
 */
function asyncSource<T>(kind: string, input: AsyncIterable<T>): Source<T> {
  return Object.freeze({
    kind,
    seekable: false,
    open: async (): Promise<SourceReader<T>> => {
      const iterator = input[Symbol.asyncIterator]()
      let at = 0n
      let ended = false
      let pending: Promise<IteratorResult<T>> | undefined
      const batch = (records: readonly T[], caughtUp: boolean): Batch<T> => {
        const first = at
        at += BigInt(records.length)
        return { split: SPLIT, records, first, next: at, caughtUp, finished: ended }
      }
      return {
        ...passive(),
        poll: async (limit) => {
          const records: T[] = []
          while (records.length < limit) {
            pending ??= iterator.next()
            // Once something has come, only what is there already is added to it.
            const step: IteratorResult<T> | undefined = records.length === 0 ? await pending : await settled(pending)
            if (step === undefined) return batch(records, true)
            pending = undefined
            if (step.done === true) {
              ended = true
              return batch(records, true)
            }
            records.push(step.value)
          }
          return batch(records, false)
        },
        close: async () => {
          // A generator that waits for its producer cannot be returned from: it is told, and not waited for.
          if (!ended) void Promise.resolve(iterator.return?.()).catch(() => {})
        },
      }
    },
  } satisfies Source<T>)
}

/** The value of a promise if it is there within some turns of the microtask queue. */
async function settled<T>(promise: Promise<T>): Promise<T | undefined> {
  let value: T | undefined
  let failed: unknown
  let done = false
  promise.then(
    (result) => {
      value = result
      done = true
    },
    (error: unknown) => {
      failed = error ?? new Error('rejected')
      done = true
    },
  )
  for (let turn = 0; turn < 4 && !done; turn++) await Promise.resolve()
  if (failed !== undefined) throw failed
  return value
}

async function* readStream(stream: WebStreamLike): AsyncGenerator<unknown> {
  const reader = stream.getReader()
  let done = false
  try {
    for (;;) {
      const step = await reader.read()
      done = step.done
      if (step.done) return
      yield step.value
    }
  } finally {
    if (!done) await reader.cancel()
    reader.releaseLock()
  }
}

/** The parts of a reader with one split that is never paused half-way. */
export function passive(): Omit<SourceReader<never>, 'poll'> {
  return {
    splits: [SPLIT],
    pause: () => {},
    resume: () => {},
    committed: async (_: readonly Position[]) => {},
    close: async () => {},
  }
}
