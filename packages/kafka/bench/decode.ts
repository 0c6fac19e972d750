// Time per record of what reading a topic costs in this process: walking batches, decoding values and keys.
// node --conditions=@tidemark/source packages/kafka/bench/decode.ts
import { performance } from 'node:perf_hooks'
import { json } from '../src/serde/json.ts'
import { keyText } from '../src/serde/serde.ts'
import { BatchWalk } from '../src/wire/batch-walk.ts'
import { BatchWriter } from '../src/wire/batch-writer.ts'
import { RecordWalk } from '../src/wire/record-walk.ts'

const RECORDS = 5_000
const ROUNDS = 400

const keys = Array.from({ length: RECORDS }, (_, i) => Buffer.from(`k${(i * 7919) % 1_000}`))
const values = keys.map((key, i) =>
  Buffer.from(`{"id":"${key.toString()}","v":${i % 100},"at":${1_700_000_000_000 + i},"pad":"${'x'.repeat(44)}"}`),
)
const writer = new BatchWriter()
function write(): Uint8Array {
  for (let i = 0; i < RECORDS; i++) writer.append(1_700_000_000_000 + i, keys[i] as Buffer, values[i] as Buffer)
  return writer.finish()
}
const batch = Buffer.from(write())
const records = new RecordWalk()
const pick = json.pick({ v: 'number', at: 'number' })
const three = json.pick({ id: 'string', v: 'number', at: 'number' })
const whole = json<{ readonly v: number; readonly at: number }>()
const key = keyText()

function walk(each: (bytes: Uint8Array) => number, checksums: boolean): number {
  const batches = new BatchWalk(batch, { maxDecompressedBytes: 1 << 24, checksums })
  let sum = 0
  while (batches.next()) {
    batches.records(records)
    while (records.next()) sum += each(records.bytes)
  }
  return sum
}

const jobs: readonly (readonly [string, () => number])[] = [
  ['encode', () => write().length],
  ['walk', () => walk(() => records.timestamp, false)],
  ['walk, checksum', () => walk(() => records.timestamp, true)],
  ['walk, JSON.parse', () => walk((b) => whole.decodeRange?.(b, records.valueStart, records.valueEnd)?.v ?? 0, false)],
  [
    'walk, json.pick of two',
    () => walk((b) => pick.decodeRange?.(b, records.valueStart, records.valueEnd)?.v ?? 0, false),
  ],
  [
    'walk, json.pick of three',
    () => walk((b) => three.decodeRange?.(b, records.valueStart, records.valueEnd)?.v ?? 0, false),
  ],
  ['walk, key as text', () => walk((b) => key.decodeRange?.(b, records.keyStart, records.keyEnd).length ?? 0, false)],
]
console.log(
  `${RECORDS} records of ${(batch.length / RECORDS).toFixed(0)} bytes a batch, ns per record: median of ${ROUNDS} (least)`,
)
for (const [name, job] of jobs) {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now()
    job()
    times.push(((performance.now() - began) * 1e6) / RECORDS)
  }
  times.sort((a, b) => a - b)
  console.log(
    `${name.padEnd(26)} ${(times[ROUNDS / 2] as number).toFixed(0).padStart(5)} (${(times[0] as number).toFixed(0)})`,
  )
}
