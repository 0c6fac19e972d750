// An archive and the topic behind it, on the twins in memory.
import {
  type Pane,
  collected,
  followedBy,
  memoryColdStore,
  monotonous,
  pipeline,
  replay,
  tumbling,
} from '@tidemark/core'
import type { HBaseRow } from '@tidemark/hbase'
import { json, kafkaSink, kafkaSource, memoryKafka } from '@tidemark/kafka'
import { describe, expect, test } from 'vitest'
import { archiveContract } from './archive-contract.ts'

describe('in memory', () => {
  const kafka = memoryKafka()
  const rows: HBaseRow<string, number>[] = []
  let topics = 0
  archiveContract(() => ({
    kafka,
    cold: memoryColdStore(),
    topic: async (partitions) => {
      const name = `topic-${topics++}`
      kafka.createTopic(name, partitions)
      return name
    },
    keep: async (counts) => {
      const panes = collected<Pane<string, number>>()
      await counts.to(panes).start().done
      for (const pane of panes.items.toReversed())
        if (pane.kind === 'value') rows.push({ ...pane, revision: 2 * pane.index })
    },
    scan: (to) =>
      replay(
        rows.filter(({ window }) => window.end <= to),
        { arrivedAt: () => 0 },
      ),
  }))
})

describe('a topic that a group reads, behind an archive', () => {
  const kafka = memoryKafka()
  kafka.createTopic('views', 1)
  for (const at of [90_000, 130_000]) kafka.append('views', 0, [{ key: 'a', value: JSON.stringify({ at }) }])
  const log = kafkaSource({ kafka, topics: ['views'], value: json<{ at: number }>(), group: 'counts' })
  const counts = () =>
    pipeline('counts')
      .from(followedBy([{ at: 5_000 }], log, { from: [] }))
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .keyBy(() => 'all', { keepsPartition: true })
      .window(tumbling('1m'))
      .count()

  test('is refused where processes would share it: each of them would read all, and take the place of the others', () => {
    kafka.createTopic('counts', 1)
    const sink = kafkaSink<string, number>({ kafka, topic: 'counts', guarantee: 'exactly-once' })
    expect(() => counts().to(sink).start()).toThrow(
      expect.objectContaining({ code: 'SHARED_ALONE', message: expect.stringMatching(/archive.*Leave out the group/) }),
    )
  })

  test('is read by a job that does not share it', async () => {
    const panes = collected<Pane<string, number>>()
    const job = counts().to(panes).start()
    while (panes.items.length < 2) await new Promise((resolve) => setImmediate(resolve))
    await job.stop()
    expect(panes.items).toMatchObject([
      { window: { start: 0 }, value: 1 },
      { window: { start: 60_000 }, value: 1 },
    ])
  })
})
