/**
 * Owns results as records, and back. A plain consumer sees the value under a key with its window, and headers in text; a
 * withdrawn result has a null value, as compaction wants it, with what it withdraws in a header.
 */
import {
  type DeltaPane,
  type Key,
  type OneWindow,
  type Pane,
  type TimeWindow,
  type Timing,
  problem,
} from '@tidemark/core'
import type { Decoder, Encoder, RecordView } from '../serde/serde.ts'
import { encodeHeaders } from '../wire/headers.ts'
import { type Progress, decodeProgress, encodeProgress, timeOfText, timeText } from './progress.ts'
import { type ResultWindow, decodeResultKey, writeResultKey } from './result-key.ts'
import { Scratch } from './scratch.ts'

/** Names of the headers. */
export const HEADER = {
  /** value, delta, retraction, correction or progress. */
  kind: 'tm-kind',
  /** epoch.revision: of two records of a key the greater is the newer; a revision is 2 · index, of a retraction + 1. */
  version: 'tm-version',
  timing: 'tm-timing',
  /** true: only corrections can follow. */
  last: 'tm-last',
  /** Event time reached when the pane was made, ms. */
  watermark: 'tm-watermark',
  /** Processing time then, ms. */
  emitted: 'tm-emitted',
  /** Records in the window so far / of them late. */
  records: 'tm-records',
  /** The value that a retraction withdraws. */
  withdrawn: 'tm-withdrawn',
  /** The encoded accumulator that a value was made of, before `map` and `filter` of results: for the serving tiers. */
  accumulator: 'tm-acc',
  /** There: a filter of results leaves the value out. The record's value is null, what it would be is in tm-withdrawn. */
  filtered: 'tm-filtered',
} as const

/** Everything a results topic may hold. */
export type ResultRecord<K extends Key, V, W extends ResultWindow = TimeWindow> =
  Pane<K, V, W> | DeltaPane<K, V, W> | Progress

type AnyPane<V> = Pane<Key, V, ResultWindow> | DeltaPane<Key, V, ResultWindow>

export interface EncodedRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
  readonly headers: Uint8Array
}

const PROGRESS_HEADERS = encodeHeaders([[HEADER.kind, 'progress']])

export function progressRecord(progress: Progress): EncodedRecord {
  return { ...encodeProgress(progress), headers: PROGRESS_HEADERS }
}

const keyScratch = new Scratch()
const headerScratch = new Scratch()

/** Names as headers have them: length and bytes. */
const NAME = Object.fromEntries(
  Object.entries(HEADER).map(([field, name]) => [field, Uint8Array.of(name.length * 2, ...Buffer.from(name))]),
) as { readonly [F in keyof typeof HEADER]: Uint8Array }

/** A header whose value is short ASCII text. */
function header(name: Uint8Array, text: string): void {
  headerScratch.bytes(name)
  headerScratch.zigzagLength(text.length)
  headerScratch.ascii(text)
}

function bytesHeader(name: Uint8Array, value: Uint8Array): void {
  headerScratch.bytes(name)
  headerScratch.zigzagLength(value.length)
  headerScratch.bytes(value)
}

/** How many headers a pane has: the four of every pane, and its own. */
function headersOf(pane: AnyPane<unknown>): number {
  if (pane.kind === 'correction') return 4
  const filtered = pane.filtered === true ? 1 : 0
  if (pane.kind === 'retraction') return 6 + filtered
  return 7 + 2 * filtered + (pane.accumulator === undefined ? 0 : 1)
}

/** The text of a time: panes of one step share theirs. */
class TimeTexts {
  #time = Number.NaN
  #text = ''

  text(time: number): string {
    if (time !== this.#time) {
      this.#time = time
      this.#text = timeText(time)
    }
    return this.#text
  }
}

const watermarks = new TimeTexts()
const clocks = new TimeTexts()

/** A pane as a record. Key and headers are views that are true until the next call: append them to a batch at once. */
export function paneRecord<V>(pane: AnyPane<V>, encoder: Encoder<V>): EncodedRecord {
  const { kind, index, epoch, watermark, emittedAt } = pane
  keyScratch.clear()
  writeResultKey(keyScratch, pane.key, pane.window, kind === 'correction' ? pane.id : undefined)
  headerScratch.clear()
  headerScratch.zigzagLength(headersOf(pane))
  header(NAME.kind, kind)
  header(NAME.version, `${epoch}.${2 * index + (kind === 'retraction' ? 1 : 0)}`)
  header(NAME.watermark, watermarks.text(watermark))
  header(NAME.emitted, clocks.text(emittedAt))
  let value: Uint8Array | null
  if (kind === 'correction') value = pane.delta
  else {
    value = notNull(encoder.encode(pane.value))
    header(NAME.timing, pane.timing)
    if (kind !== 'retraction') {
      header(NAME.last, pane.isLast ? 'true' : 'false')
      header(NAME.records, `${pane.records}/${pane.lateRecords}`)
      if (pane.accumulator !== undefined) bytesHeader(NAME.accumulator, pane.accumulator)
    }
    if (pane.filtered === true) header(NAME.filtered, 'true')
    if (kind === 'retraction' || pane.filtered === true) {
      bytesHeader(NAME.withdrawn, value)
      value = null
    }
  }
  return { key: keyScratch.view, value, headers: headerScratch.view }
}

/** A null value is how a result is withdrawn, so no value may be written as one. */
function notNull(value: Uint8Array | null): Uint8Array {
  if (value !== null) return value
  throw problem('BAD_VALUE', 'The value of a result', {
    found: 'an encoder that made null of it',
    expected: 'bytes',
    remedy: 'Null means a withdrawn result: encode such values as bytes.',
  })
}

/**
 * Reads a results topic back: panes as they were written, and the progress between them. `value` decodes what the sink's
 * value encoder made.
 * @example kafkaSource({ kafka, topics: ['page-stats'], value: resultRecords(json<Stats>()) })
 */
export function resultRecords<K extends Key, V, W extends TimeWindow | OneWindow = TimeWindow>(
  value: Decoder<V>,
): Decoder<ResultRecord<K, V, W>> {
  return Object.freeze({
    decode: (bytes: Uint8Array, record: RecordView) => readRecord(bytes, record, value) as ResultRecord<K, V, W>,
    ofNull: (record: RecordView) => readRecord(null, record, value) as ResultRecord<K, V, W>,
  })
}

function readRecord<V>(bytes: Uint8Array | null, record: RecordView, decoder: Decoder<V>): AnyPane<V> | Progress {
  const { headers } = record
  if (headerOf(headers, HEADER.kind) === 'progress') return decodeProgress(bytes ?? new Uint8Array())
  const { kind, key, window, correction, epoch, revision } = readIdentity(bytes, record)
  const base = {
    key,
    window,
    index: Math.floor(revision / 2),
    epoch,
    watermark: timeOfText(headerOf(headers, HEADER.watermark)),
    emittedAt: timeOfText(headerOf(headers, HEADER.emitted)),
  }
  if (kind === 'correction')
    return { kind, ...base, id: correction as string, delta: new Uint8Array(bytes as Uint8Array) }
  const filtered = headers.has(HEADER.filtered) ? ({ filtered: true } as const) : {}
  const value = decoder.decode(bytes ?? withdrawnOf(headers), record)
  const said = { value, timing: timingOf(headers), isFirst: base.index === 0, ...filtered }
  if (kind === 'retraction') return { kind, ...base, ...said, isLast: false }
  const accumulator = headers.get(HEADER.accumulator)
  return {
    kind,
    ...base,
    ...said,
    isLast: headerOf(headers, HEADER.last) === 'true',
    ...countsOf(headers),
    ...(accumulator === undefined ? {} : { accumulator }),
  }
}

/** What every record of a result says: which it is, and its version. */
export function readIdentity(
  bytes: Uint8Array | null,
  { headers, keyBytes }: RecordView,
): {
  readonly kind: AnyPane<unknown>['kind']
  readonly key: Key
  readonly window: ResultWindow
  readonly correction: string | undefined
  readonly epoch: number
  readonly revision: number
} {
  const kind = headerOf(headers, HEADER.kind)
  if (kind !== 'value' && kind !== 'delta' && kind !== 'retraction' && kind !== 'correction')
    throw noResult(`kind '${kind}'`)
  if (keyBytes === null) throw noResult('no key')
  const found = decodeResultKey(keyBytes)
  if (found.kind !== 'result') throw noResult(`the key of progress with kind '${kind}'`)
  const [epoch, revision] = headerOf(headers, HEADER.version).split('.').map(Number) as [number, number?]
  if (revision === undefined || !Number.isSafeInteger(epoch) || !Number.isSafeInteger(revision))
    throw noResult('another version')
  if (kind === 'correction' && found.correction === undefined) throw noResult('a correction without an id in its key')
  if (kind === 'retraction' && bytes !== null) throw noResult('a retraction with a value')
  if (bytes === null && kind !== 'retraction' && !headers.has(HEADER.filtered))
    throw noResult(`kind '${kind}' with a null value`)
  return { kind, key: found.key, window: found.window, correction: found.correction, epoch, revision }
}

function withdrawnOf(headers: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const withdrawn = headers.get(HEADER.withdrawn)
  if (withdrawn === undefined) throw noResult('a null value without what it withdraws')
  return withdrawn
}

export function countsOf(headers: ReadonlyMap<string, Uint8Array>): {
  readonly records: number
  readonly lateRecords: number
} {
  const [records, lateRecords] = headerOf(headers, HEADER.records).split('/').map(Number) as [number, number]
  return { records, lateRecords }
}

export function headerOf(headers: ReadonlyMap<string, Uint8Array>, name: string): string {
  const value = headers.get(name)
  if (value === undefined) throw noResult(`no header '${name}'`)
  return Buffer.from(value).toString()
}

export function timingOf(headers: ReadonlyMap<string, Uint8Array>): Timing {
  const text = headerOf(headers, HEADER.timing)
  if (text === 'early' || text === 'on-time' || text === 'late') return text
  throw noResult(`the timing '${text}'`)
}

export function noResult(found: string): Error {
  return problem('BAD_RESULT', 'A record in a results topic', {
    found,
    expected: 'a pane or progress that kafkaSink wrote',
    remedy: 'Read topics of other writers with a decoder of their values, or give the source onBadRecord.',
  })
}
