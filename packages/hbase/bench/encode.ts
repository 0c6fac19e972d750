// Time per put of what writing costs in this process before anything is sent.
// node --conditions=@tidemark/source packages/hbase/bench/encode.ts
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

console.log(
  `${PUTS} puts of ${(encode(undefined) / PUTS).toFixed(0)} bytes a batch, ns per put: median of ${ROUNDS} (least)`,
)
for (const [name, ttlMs] of [
  ['put', undefined],
  ['put with a time to live', 86_400_000],
] as const) {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now()
    encode(ttlMs)
    times.push(((performance.now() - began) * 1e6) / PUTS)
  }
  times.sort((a, b) => a - b)
  console.log(`${name.padEnd(26)} ${times[ROUNDS / 2]?.toFixed(0).padStart(5)} (${times[0]?.toFixed(0)})`)
}
