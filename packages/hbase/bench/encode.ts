/**
 * Time per put of what writing costs in this process before anything is sent, the median of many rounds. Prints a figure
 * per line as JSON; part of `npm run bench:stores`.
 */
import { performance } from 'node:perf_hooks'
import { PutBatch } from '../src/thrift/put-batch.ts'

const PUTS = 1_000
const ROUNDS = 400

const rows = Array.from({ length: PUTS }, (_, i) => Buffer.from(`a row of some bytes, as it is ${i}`.padEnd(40)))
const qualifiers = rows.map(() => Buffer.alloc(16, 3))
const value = Buffer.alloc(51, 7)

function encode(ttlMs: number | undefined): number {
  const batch = new PutBatch(Buffer.from('page_stats'), Buffer.from('d'), { puts: PUTS, bytes: 1_000_000 })
  for (let i = 0; i < PUTS; i++) {
    batch.begin(rows[i] as Buffer)
    batch.cell(qualifiers[i] as Buffer, 1, value, 1_700_000_000_000 + i)
    batch.end(ttlMs)
  }
  return batch.take().bytes.length
}

for (const [row, ttlMs] of [
  ['encode a put', undefined],
  ['encode a put with a time to live', 86_400_000],
] as const) {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now()
    encode(ttlMs)
    times.push(((performance.now() - began) * 1e3) / PUTS)
  }
  times.sort((a, b) => a - b)
  console.log(JSON.stringify({ row, measure: 'µs/put', value: times[ROUNDS / 2] }))
}
