/** Owns records of a results topic as entries of a results log: the accumulator is what counts, the user's value is not read. */
import { type LogEntry, type LoggedResult, encodeKey } from '@tidemark/core'
import { HEADER, countsOf, headerOf, noResult, readIdentity, timingOf } from '../records/pane-record.ts'
import { decodeProgress } from '../records/progress.ts'
import type { Decoder, RecordView } from '../serde/serde.ts'

export const loggedEntry: Decoder<LogEntry> = Object.freeze({
  decode: (bytes: Uint8Array, record: RecordView) => entryOf(bytes, record),
  ofNull: (record: RecordView) => entryOf(null, record),
})

function entryOf(bytes: Uint8Array | null, record: RecordView): LogEntry {
  const { headers, offset } = record
  if (headerOf(headers, HEADER.kind) === 'progress') return { ...decodeProgress(bytes ?? new Uint8Array()), offset }
  const { kind, key, window, correction = '', epoch, revision } = readIdentity(bytes, record)
  if (kind === 'delta') throw noResult("kind 'delta', a difference")
  if (!('start' in window)) throw noResult('a window without bounds')
  const cell = { key: encodeKey(key), ...window, correction, epoch, revision }
  const common = { kind: 'result', offset } as const
  if (kind === 'correction')
    return { ...common, cell: { ...cell, value: new Uint8Array(bytes as Uint8Array) }, ...CORRECTION }
  if (kind === 'retraction')
    return { ...common, cell: { ...cell, value: null }, ...CORRECTION, timing: timingOf(headers) }
  const value = headers.get(HEADER.accumulator)
  if (value === undefined)
    throw noResult('a result without its accumulator: was it written by kafkaSink({ accumulators: true })?')
  return {
    ...common,
    cell: { ...cell, value },
    timing: timingOf(headers),
    isLast: headerOf(headers, HEADER.last) === 'true',
    ...countsOf(headers),
  }
}

/** What has no counts of its own. */
const CORRECTION: Pick<LoggedResult, 'timing' | 'isLast' | 'records' | 'lateRecords'> = {
  timing: 'late',
  isLast: false,
  records: 0,
  lateRecords: 0,
}
