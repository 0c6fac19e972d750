import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './consumer-protocol.ts'

const topics = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 4 })
const tasks = fc.uniqueArray(fc.nat(50), { maxLength: 8 }).map((list) => list.sort((a, b) => a - b))

test('a subscription comes back', () => {
  fc.assert(
    fc.property(topics, tasks, fc.integer({ min: -1, max: 9 }), (names, list, generation) => {
      const subscription = { topics: names, tasks: list, generation }
      expect(decodeSubscription(encodeSubscription(subscription))).toEqual(subscription)
    }),
  )
})

test('an assignment comes back, without partitions that are not there', () => {
  fc.assert(
    fc.property(topics, tasks, fc.boolean(), (names, list, joinAgain) => {
      const counts = new Map(names.map((name, i) => [name, 51 - i]))
      const assignment = { tasks: list, of: 51, joinAgain }
      expect(decodeAssignment(encodeAssignment(assignment, counts))).toEqual(assignment)
    }),
  )
  const small = encodeAssignment({ tasks: [0, 3], of: 4, joinAgain: false }, new Map([['t', 2]]))
  expect(decodeAssignment(small)).toEqual({ tasks: [0], of: 4, joinAgain: false })
})

test('the bytes are those of Kafka: version, topics, no data, partitions owned, generation', () => {
  const hex = Buffer.from(encodeSubscription({ topics: ['ab'], tasks: [3], generation: 7 })).toString('hex')
  expect(hex).toBe(
    ['0002', '00000001', '00026162', 'ffffffff', '00000001', '00026162', '00000001', '00000003', '00000007'].join(''),
  )
})

test('a client of Kafka that owns nothing and says nothing more is understood; a cut-off message is an error', () => {
  const version = Buffer.from(['0002', '00000001', '00026162', 'ffffffff', '00000000', 'ffffffff'].join(''), 'hex')
  expect(decodeSubscription(version)).toEqual({ topics: ['ab'], tasks: [], generation: -1 })
  for (let length = 0; length < version.length; length++)
    expect(() => decodeSubscription(version.subarray(0, length))).toThrow(/KAFKA_GROUP_PROTOCOL|expected those of/)
  expect(() => decodeAssignment(Buffer.from('0002ffffffff7fffffff', 'hex'))).toThrow(/expected those of/)
  expect(decodeAssignment(new Uint8Array(0))).toEqual({ tasks: [], of: 0, joinAgain: true })
})
