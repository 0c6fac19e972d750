import { expect, test } from 'vitest'
import {
  type Role,
  type Sink,
  type StartOptions,
  collected,
  memoryCheckpoints,
  monotonous,
  pipeline,
  tumbling,
} from '../index.ts'

/** What a sink in this role is told about what it gets. */
async function told(role: Role, options: StartOptions): Promise<unknown> {
  let durable: unknown
  const sink: Sink<unknown> = {
    open: async (task) => {
      durable = task.durable
      return { write: () => {}, progress: () => {}, flush: async () => {}, close: async () => {} }
    },
  }
  const results = pipeline('p')
    .from([{ at: 0 }])
    .eventTime({ timestamp: (record) => record.at, watermark: monotonous() })
    .keyBy(() => 'all')
    .window(tumbling('1s'))
    .count()
  const pipe = role === 'primary' ? results.to(sink) : results.to(collected()).to(sink, { role })
  await pipe.start(options).done
  return durable
}

test('a sink learns whether what it gets is durable', async () => {
  for (const role of ['primary', 'required', 'bestEffort'] as const) {
    expect([role, await told(role, {})]).toEqual([role, false])
    const checkpoint = memoryCheckpoints()
    expect([role, await told(role, { checkpoint })]).toEqual([role, role !== 'bestEffort'])
  }
})
