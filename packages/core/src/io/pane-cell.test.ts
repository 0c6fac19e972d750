import { expect, test } from 'vitest'
import type { Correction, DeltaPane, Retraction, ValuePane } from '../pane/pane.ts'
import { encodeKey } from '../state/key-bytes.ts'
import { paneCell } from './pane-cell.ts'
import { decodeStoredResult } from './stored-result.ts'

const base = { key: 'k', window: { start: -10, end: 0 }, index: 3, epoch: 2, watermark: 5, emittedAt: 7 }
const value: ValuePane<string, number> = {
  ...base,
  kind: 'value',
  value: 42,
  timing: 'late',
  isFirst: false,
  isLast: true,
  records: 9,
  lateRecords: 1,
}
const encode = (number: number): Uint8Array => Uint8Array.of(number)

test('a value keeps what the pane says, under its version', () => {
  const { value: stored, ...place } = paneCell(value, encode)
  expect(place).toEqual({ key: encodeKey('k'), start: -10, end: 0, correction: '', epoch: 2, revision: 6 })
  expect(decodeStoredResult(stored!)).toEqual({
    timing: 'late',
    isLast: true,
    records: 9,
    lateRecords: 1,
    body: Uint8Array.of(42),
  })
})

test('a withdrawal is newer than the value, and has none', () => {
  const retraction: Retraction<string, number> = {
    ...base,
    kind: 'retraction',
    value: 42,
    timing: 'early',
    isFirst: true,
    isLast: false,
  }
  expect(paneCell(retraction, encode)).toMatchObject({ revision: 7, value: null, correction: '' })
})

test('a correction stands under its id, with the version of all corrections', () => {
  const correction: Correction<string> = { ...base, kind: 'correction', id: 't-0-17', delta: Uint8Array.of(1) }
  expect(paneCell<string, number>(correction, encode)).toMatchObject({
    correction: 't-0-17',
    revision: 0,
    value: Uint8Array.of(1),
  })
})

test('a delta, and a window without an end, are refused', () => {
  const delta: DeltaPane<string, number> = { ...value, kind: 'delta' }
  const bad = expect.objectContaining({ code: 'BAD_PANE' })
  expect(() => paneCell(delta, encode)).toThrow(bad)
  expect(() => paneCell({ ...value, window: { only: true } }, encode)).toThrow(bad)
})
