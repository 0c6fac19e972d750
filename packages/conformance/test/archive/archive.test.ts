// An archive and the topic behind it, on the twins in memory.
import { type Pane, collected, memoryColdStore, replay } from '@tidemark/core'
import type { HBaseRow } from '@tidemark/hbase'
import { memoryKafka } from '@tidemark/kafka'
import { describe } from 'vitest'
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
