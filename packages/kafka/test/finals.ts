// What stands in a results topic, as text that tests compare.
import { type ValuePane, collected, pipeline } from '@tidemark/core'
import { type Kafka, json, kafkaSource, resultRecords } from '../src/index.ts'

/** Every committed value of a results topic, in the order of text; twice what is there twice. */
export async function finals(
  kafka: Kafka,
  topic: string,
  show: (pane: ValuePane<string, number>) => string = ({ key, window, value }) => `${key}@${window.start}=${value}`,
): Promise<readonly string[]> {
  const read = collected<unknown>()
  const value = resultRecords<string, number>(json<number>())
  const from = kafkaSource({ kafka, topics: [topic], value, until: 'end' })
  await pipeline('read').from(from).to(read).start().done
  return (read.items as ValuePane<string, number>[])
    .filter(({ kind }) => kind === 'value')
    .map(show)
    .sort()
}
