import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Layout, checkCell, decodeCell, encodeField, encodeValue } from './layout.ts'
import { slotOf, tagIn } from './slots.ts'

const times = fc.integer({ min: -8e15, max: 8e15 })

test('what is written comes back: window, correction, version, withdrawal and payload', () => {
  const layout = new Layout('stats', 60_000)
  const cells = fc.record({
    key: fc.uint8Array({ maxLength: 30 }),
    end: times,
    size: fc.nat(),
    correction: fc.oneof(fc.constant(''), fc.string({ unit: 'grapheme' })),
    epoch: fc.nat(2 ** 24 - 1),
    revision: fc.maxSafeNat().map((n) => n % 2 ** 48),
    value: fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 60 })),
  })
  fc.assert(
    fc.property(cells, ({ size, ...rest }) => {
      const cell = { ...rest, start: rest.end - size }
      const bucket = layout.bucketOf(cell.end)
      expect(cell.end <= bucket && cell.end > bucket - layout.spanMs).toBe(true)
      expect(decodeCell(cell.key, bucket, encodeField(cell, bucket), encodeValue(cell))).toEqual(cell)
      const key = layout.bucketKey(cell.key, bucket)
      expect(layout.parse(key)).toEqual({ key: Buffer.from(cell.key), bucket })
      expect(Buffer.from(layout.bucketText(cell.key, bucket), 'latin1').equals(key)).toBe(true)
    }),
  )
})

test('two places never share bytes', () => {
  const place = fc.tuple(fc.string({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), fc.integer({ min: -5, max: 5 }))
  fc.assert(
    fc.property(place, place, (a, b) => {
      const keyOf = ([name, key, n]: typeof a): Buffer => new Layout(name, 1).bucketKey(key, n * 128)
      const same = a[0] === b[0] && Buffer.compare(a[1], b[1]) === 0 && a[2] === b[2]
      expect(keyOf(a).equals(keyOf(b))).toBe(same)
    }),
  )
})

test('all buckets of a key lie in one slot, whatever bytes it has', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), times, times, (key, a, b) => {
      const layout = new Layout('a}{b', 10)
      const slot = (time: number): number => slotOf(layout.bucketKey(key, layout.bucketOf(time)))
      expect(slot(a)).toBe(slot(b))
    }),
  )
})

// The examples of the specification of Redis Cluster.
test.each([
  ['123456789', 12739],
  ['{user1000}.following', slotOf(Buffer.from('user1000'))],
  ['foo{}{bar}', slotOf(Buffer.from('foo{}{bar}'))],
  ['foo{{bar}}zap', slotOf(Buffer.from('{bar'))],
])('the slot of %s', (key, slot) => expect(slotOf(Buffer.from(key))).toBe(slot))

test.each([0, 5_461, 16_383])('a tag in slot %d', (slot) =>
  expect(slotOf(Buffer.from(`x{${tagIn(slot)}}y`))).toBe(slot),
)

test('windows without an end and versions that do not fit are refused', () => {
  const layout = new Layout('a', 10)
  expect(() => layout.bucketOf(Number.POSITIVE_INFINITY)).toThrow(/BAD|whole milliseconds/)
  const cell = { start: 1, end: 4, correction: '', epoch: 0, revision: 0, value: null }
  checkCell(cell)
  for (const version of [{ epoch: 2 ** 24 }, { revision: 2 ** 48 }, { revision: -1 }])
    expect(() => checkCell({ ...cell, ...version })).toThrow(/24 and 48 bits/)
  for (const start of [5, 0.5, Number.NEGATIVE_INFINITY])
    expect(() => checkCell({ ...cell, start })).toThrow(/not after the end/)
})

test('values and fields that are not ours are refused', () => {
  const key = new Uint8Array()
  expect(() => decodeCell(key, 10, Buffer.from([1, 2]), Buffer.alloc(9))).toThrow(/expected what this package writes/)
  expect(() => decodeCell(key, 10, Buffer.from([200]), Buffer.alloc(10))).toThrow(/expected what this package writes/)
})
