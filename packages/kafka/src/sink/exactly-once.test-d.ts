// What says how a job is exactly-once, as types.
import type { CommitOptions, MemberOptions, WriteOptions } from '../index.ts'
import { json, kafkaRecords, kafkaSink, kafkaSource, memoryKafka } from '../index.ts'

const at = { kafka: memoryKafka(), topic: 't' }
kafkaSink<string, number>({ ...at, guarantee: 'exactly-once', commit: { every: '1s', changelog: 'c', timeout: '1m' } })
kafkaSink<string, number>({ ...at, guarantee: 'at-least-once' })
kafkaRecords<number>({ ...at, guarantee: 'exactly-once', commit: {} })
// @ts-expect-error: there is no such guarantee
kafkaSink<string, number>({ ...at, guarantee: 'at-most-once' })
// @ts-expect-error: durations have a unit
kafkaSink<string, number>({ ...at, guarantee: 'exactly-once', commit: { every: 100 } })
// @ts-expect-error: no such option
kafkaRecords<number>({ ...at, commit: { interval: '1s' } })
// @ts-expect-error: at least once nothing is committed
kafkaSink<string, number>({ ...at, guarantee: 'at-least-once', commit: { every: '1s' } })
// @ts-expect-error: likewise, by default
kafkaRecords<number>({ ...at, commit: {} })
declare const either: 'exactly-once' | 'at-least-once'
kafkaRecords<number>({ ...at, guarantee: either })

const from = { kafka: at.kafka, topics: ['t'], value: json<number>(), group: 'g' }
kafkaSource<number>({ ...from, member: { instance: 'a', sessionTimeout: '6s', rebalanceTimeout: '1m', heartbeat: '1s' } })
// @ts-expect-error: a name is text
kafkaSource<number>({ ...from, member: { instance: 1 } })

declare const write: WriteOptions
write.commit satisfies CommitOptions | undefined
declare const member: MemberOptions
// @ts-expect-error: options are not changed
member.instance = 'b'
