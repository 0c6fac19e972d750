import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeStoredResult, encodeStoredResult } from './stored-result.ts'

const results = fc.record({
  timing: fc.constantFrom('early' as const, 'on-time' as const, 'late' as const),
  isLast: fc.boolean(),
  records: fc.maxSafeNat(),
  lateRecords: fc.maxSafeNat(),
  body: fc.uint8Array({ maxLength: 40 }),
})

test('a result comes back', () => {
  fc.assert(
    fc.property(results, (result) => {
      expect(decodeStoredResult(encodeStoredResult(result))).toEqual(result)
    }),
  )
})

test('what it says about itself takes three bytes for a window of up to 127 records', () => {
  const bytes = encodeStoredResult({
    timing: 'late',
    isLast: true,
    records: 127,
    lateRecords: 3,
    body: new Uint8Array(48),
  })
  expect(bytes).toHaveLength(51)
})

test.each([[[]], [[8]], [[8, 255]], [[11, 0, 0]], [[16, 0, 0]], [[123, 34, 97]]])('%j is refused', (bytes) => {
  expect(() => decodeStoredResult(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ code: 'BAD_CELL' }))
})
