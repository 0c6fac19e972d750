/**
 * Owns `hbaseSource`: what a table holds, once, as records: an archive to count anew, a back-fill. It ends where the
 * table ends; what is written meanwhile may or may not be among it.
 */
import {
  type Batch,
  type Cell,
  type Key,
  type Source,
  type SourceReader,
  type StoredResult,
  type TimeWindow,
  decodeKey,
  decodeStoredResult,
  problem,
  show,
} from '@tidemark/core'
import { type Codec, jsonCodec } from '../codec.ts'
import { type HBaseStoreOptions, storeSettings } from '../store/options.ts'
import { withTable } from '../store/open-table.ts'

export interface HBaseSourceOptions<V> extends Omit<HBaseStoreOptions, 'keepFor'> {
  /** Whose results; default 'results'. */
  readonly name?: string
  /** Windows that end after this, ms; default all. */
  readonly from?: number
  /** Windows that end up to this, ms; default all. */
  readonly to?: number
  /** What `hbaseSink` was given; default: JSON. */
  readonly value?: Pick<Codec<V>, 'decode'>
}

interface RowBase<K> {
  readonly key: K
  readonly window: TimeWindow
  readonly revision: number
}

/** The newest of a key and window as it is stored; corrections stand beside it. */
export type HBaseRow<K, V> =
  | (RowBase<K> & Omit<StoredResult, 'body'> & { readonly kind: 'value'; readonly value: V })
  | (RowBase<K> & { readonly kind: 'retraction' })
  | (RowBase<K> & { readonly kind: 'correction'; readonly id: string; readonly delta: Uint8Array })

/**
 * Reads results in no order of time, so their watermark means little before the end. It cannot seek: a job with a
 * checkpoint refuses it.
 * @example .from(hbaseSource<string, number>({ thrift: 'http://gateway:9090', table: 'page_stats' }))
 */
export function hbaseSource<K extends Key, V>(options: HBaseSourceOptions<V>): Source<HBaseRow<K, V>> {
  const settings = storeSettings(options, 'hbaseSource')
  const { name = 'results', value = jsonCodec<V>() } = options
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = options
  if (!(from <= to)) {
    throw problem('BAD_FROM', "'from' and 'to' of hbaseSource", {
      found: `${show(from)} and ${show(to)}`,
      expected: 'times in milliseconds, the first not after the second',
      remedy: 'Leave out what is not bounded.',
    })
  }
  const decode = (bytes: Uint8Array): V => value.decode(bytes)
  return Object.freeze({
    kind: `hbase(${settings.table.name})`,
    seekable: false,
    open: ({ signal }) =>
      withTable(settings, { signal, create: false }, async (table) => {
        const windowMs = await table.windowMs(name)
        const session = windowMs === undefined ? undefined : await table.results(name, windowMs)
        return reader(session?.slice(from, to) ?? nothing(), table.close, (cell) => rowOf<K, V>(cell, decode))
      }),
  } satisfies Source<HBaseRow<K, V>>)
}

const SPLIT = '0'

function reader<K extends Key, V>(
  parts: AsyncIterable<readonly Cell[]>,
  close: () => void,
  row: (cell: Cell) => HBaseRow<K, V>,
): SourceReader<HBaseRow<K, V>> {
  const iterator = parts[Symbol.asyncIterator]()
  let cells: readonly Cell[] = []
  let at = 0
  let offset = 0n
  const poll = async (limit: number): Promise<Batch<HBaseRow<K, V>>> => {
    let finished = false
    if (at >= cells.length) {
      const step = await iterator.next()
      finished = step.done === true
      cells = step.done === true ? [] : step.value
      at = 0
    }
    const records = cells.slice(at, at + limit).map(row)
    at += records.length
    const first = offset
    offset += BigInt(records.length)
    const info = (i: number): { readonly key: Key; readonly timestamp: number } => {
      const { key, window } = records[i] as HBaseRow<K, V>
      return { key, timestamp: window.end }
    }
    return { split: SPLIT, records, first, next: offset, info, caughtUp: finished, finished }
  }
  return {
    splits: [SPLIT],
    poll,
    pause: () => {},
    resume: () => {},
    committed: async () => {},
    close: async () => close(),
  }
}

async function* nothing(): AsyncGenerator<readonly Cell[], void> {}

function rowOf<K extends Key, V>(cell: Cell, decode: (bytes: Uint8Array) => V): HBaseRow<K, V> {
  const { start, end, revision, correction, value } = cell
  const base = { key: decodeKey(cell.key) as K, window: { start, end }, revision }
  if (value === null) return { kind: 'retraction', ...base }
  if (correction !== '') return { kind: 'correction', ...base, id: correction, delta: value }
  const { body, ...about } = decodeStoredResult(value)
  return { kind: 'value', ...base, ...about, value: decode(body) }
}
