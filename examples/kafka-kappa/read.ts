/** A second application: reads a results topic and knows which results are final. */
import { type ValuePane, pipeline } from '@tidemark/core'
import { type Kafka, type Progress, ResultFrontier, json, kafkaSource, resultRecords } from '@tidemark/kafka'
import { type Final, nameOf } from '../earthquakes/batch.ts'
import type { Summary } from './job.ts'

export interface Reading {
  /** The newest version of every result. */
  readonly results: ReadonlyMap<string, Final>
  /** Panes in the topic, newest or not. */
  readonly panes: number
  /** Results of windows that are freed here do not change any more. */
  readonly watermark: number
}

export async function readResults(kafka: Kafka, topic: string, partitions: number): Promise<Reading> {
  const newest = new Map<string, ValuePane<string, Summary>>()
  const frontier = new ResultFrontier(Array.from({ length: partitions }, (_, i) => `${topic}/${i}`))
  let panes = 0
  const value = resultRecords<string, Summary>(json<Summary>())
  const take = (record: Progress | { readonly kind: string }, split: string): void => {
    if (record.kind === 'progress') frontier.observe(split, record as Progress)
    if (record.kind !== 'value') return
    const pane = record as ValuePane<string, Summary>
    panes++
    const name = nameOf(pane.window.start, pane.key)
    if ((newest.get(name)?.index ?? -1) <= pane.index) newest.set(name, pane)
  }
  await pipeline('reader')
    .from(kafkaSource({ kafka, topics: [topic], value, until: 'end' }))
    .tap((record, meta) => take(record, meta.split))
    .to({ open: async () => ({ write() {}, progress() {}, async flush() {}, async close() {} }) })
    .start().done
  const results = new Map([...newest].map(([name, pane]) => [name, { name, ...pane.value }]))
  return { results, panes, watermark: frontier.watermark }
}
