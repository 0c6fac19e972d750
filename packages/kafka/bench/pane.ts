// Time per result of making it a record and appending it to a batch.
import { performance } from 'node:perf_hooks'
import { json } from '../src/serde/json.ts'
import { paneRecord } from '../src/records/pane-record.ts'
import { BatchWriter } from '../src/wire/batch-writer.ts'

const values = json<{ readonly count: number; readonly sum: number }>()
const writer = new BatchWriter()
for (let round = 0; round < 6; round++) {
  const began = performance.now()
  for (let i = 0; i < 200_000; i++) {
    const window = { start: 1_700_000_000_000, end: 1_700_000_060_000 }
    const base = {
      key: `k${i % 1_000}`,
      window,
      index: i % 5,
      epoch: 0,
      watermark: 1_700_000_070_000 + i,
      emittedAt: 1_700_000_070_000 + i,
    }
    const value = { count: i, sum: i * 3 }
    const pane = {
      kind: 'value',
      ...base,
      value,
      timing: 'on-time',
      isFirst: false,
      isLast: true,
      records: i,
      lateRecords: 0,
    } as const
    const { key, value: bytes, headers } = paneRecord(pane, values)
    writer.append(1_700_000_070_000 + i, key, bytes, headers)
    if (writer.size > 900_000) writer.finish()
  }
  console.log(
    `${((performance.now() - began) / 0.2).toFixed(0)} ns per result, ${(writer.size / Math.max(1, writer.count)).toFixed(0)} bytes`,
  )
}
