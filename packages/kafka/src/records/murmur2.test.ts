import { murmur2 as clientMurmur2 } from '@platformatic/kafka'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { murmur2, partitionOf } from './murmur2.ts'

// The vectors that Kafka's own tests hold the Java function to.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('%s', (key, hash) => {
  expect(murmur2(Buffer.from(key))).toBe(hash)
})

test("is the client's for any bytes, and a partition is never negative", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 50 }), (key, partitions) => {
      const hash = clientMurmur2(Buffer.from(key))
      expect(murmur2(key)).toBe(hash)
      expect(partitionOf(key, partitions)).toBe((hash & 0x7fffffff) % partitions)
    }),
  )
})
