/** Owns the comparison of what stands in a results topic with the answers: all finals, each once, equal. */
import { collected, pipeline } from '@tidemark/core'
import { type Kafka, json, kafkaSource, resultRecords } from '@tidemark/kafka'
import { isEngine } from './engines.ts'
import { Expected, type Work } from './work.ts'

interface Aggregate {
  readonly count: number
  readonly sum: number
}

/** `job`: the name of the job that wrote it. */
export async function check(kafka: Kafka, topic: string, job: string, work: Work): Promise<number> {
  const updates = job.includes('updates')
  const expected = new Expected(work)
  const nothing = {
    ...collected<never>(),
    open: async () => ({ write() {}, progress() {}, async flush() {}, async close() {} }),
  }
  const take: Expected['take'] = (...result) => (updates ? expected.update(...result) : expected.take(...result))
  if (job.startsWith('loop') || isEngine(job)) {
    const value = json.pick({ id: 'string', start: 'number', count: 'number', sum: 'number' })
    await pipeline('check')
      .from(kafkaSource({ kafka, topics: [topic], value, until: 'end' }))
      .tap(({ id, start, count, sum }) => take(id, start, count, sum))
      .to(nothing)
      .start().done
  } else {
    const value = resultRecords<string, Aggregate>(json<Aggregate>())
    await pipeline('check')
      .from(kafkaSource({ kafka, topics: [topic], value, until: 'end' }))
      .tap((record) => {
        // The last pane of a window whose updates came says only that it is the last.
        if (record.kind === 'value' && !(updates && record.timing === 'on-time'))
          take(record.key, record.window.start, record.value.count, record.value.sum)
      })
      .to(nothing)
      .start().done
  }
  expected.end()
  return expected.finals
}
