import { expect, test } from 'vitest'
import { readBrokers } from './metadata.ts'

/** As Kafka 4.4.0 answered with one broker, and the same with a rack and a second one. */
const one = '00000001 00000000 00000001 00000001 0009 3132372e302e302e31 00004a94 ffff'
const two =
  '00000001 00000000 00000002 00000001 0001 61 00000001 0002 7231 00000003 0009 3132372e302e302e31 00004a95 ffff'
const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')

test('the brokers of a Metadata reply', () => {
  expect(readBrokers(bytes(one))).toEqual([{ id: 1, address: '127.0.0.1:19092' }])
  expect(readBrokers(bytes(two))).toEqual([
    { id: 1, address: 'a:1' },
    { id: 3, address: '127.0.0.1:19093' },
  ])
})

test('a reply to something else, or cut off, is refused', () => {
  expect(() => readBrokers(bytes(one.replace('00000001', '00000002')))).toThrow(/reply to request 2, expected one to 1/)
  expect(() => readBrokers(bytes(one).subarray(0, 20))).toThrow(RangeError)
})
