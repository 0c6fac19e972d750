import zlib from 'node:zlib'
import {
  Reader,
  compressionsAlgorithms,
  crc32c as clientCrc32c,
  createRecordsBatch,
  readRecordsBatch,
} from '@platformatic/kafka'
import { StreamError } from '@tidemark/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BatchWalk, type BatchWalkOptions } from './batch-walk.ts'
import { BatchWriter, type BatchOrigin } from './batch-writer.ts'
import { type Compression, decompress } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { type HeaderValue, eachHeader, encodeHeaders } from './headers.ts'
import { AT } from './layout.ts'
import { RecordWalk } from './record-walk.ts'

const options: BatchWalkOptions = { maxDecompressedBytes: 1 << 20, checksums: true }
type Packing = Compression | 'snappy' | 'lz4'
const compressions: readonly Packing[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

interface Plain {
  readonly offset: bigint
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

/** Everything in a buffer as plain values; bytes as hex. */
function read(bytes: Uint8Array, given: BatchWalkOptions = options): Plain[] {
  const batches = new BatchWalk(bytes, given)
  const records = new RecordWalk()
  const out: Plain[] = []
  while (batches.next()) {
    batches.records(records)
    const hex = (start: number, end: number): string => Buffer.from(records.bytes.subarray(start, end)).toString('hex')
    while (records.next()) {
      const headers: [string, string | null][] = []
      eachHeader(records.bytes, records.headersAt, (ks, ke, vs, ve) =>
        headers.push([hex(ks, ke), vs < 0 ? null : hex(vs, ve)]),
      )
      out.push({
        offset: batches.baseOffset + BigInt(records.offsetDelta),
        timestamp: records.timestamp,
        key: records.keyStart < 0 ? null : hex(records.keyStart, records.keyEnd),
        value: records.valueStart < 0 ? null : hex(records.valueStart, records.valueEnd),
        headers,
      })
    }
  }
  return out
}

const bytesOrNull = fc.option(fc.uint8Array({ maxLength: 200 }), { nil: null })
const aRecord = fc.record({
  timestamp: fc.oneof(fc.integer({ min: 0, max: 2 ** 41 }), fc.maxSafeInteger()),
  key: bytesOrNull,
  value: bytesOrNull,
  headers: fc.array(fc.tuple(fc.string({ maxLength: 9 }), bytesOrNull), { maxLength: 3 }),
  skip: fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, { arbitrary: fc.nat(1_000), weight: 1 }),
})
type Given = typeof aRecord extends fc.Arbitrary<infer T> ? T : never

/** What only the client packs. */
function repack(plain: Buffer, packing: 'snappy' | 'lz4'): Buffer {
  const { compressSync, bitmask } = compressionsAlgorithms[packing]
  const packed = Buffer.concat([plain.subarray(0, AT.records), compressSync(plain.subarray(AT.records))])
  packed.writeInt32BE(packed.length - 12, AT.length)
  packed.writeInt16BE(packed.readInt16BE(AT.attributes) | bitmask, AT.attributes)
  packed.writeUInt32BE(crc32c(packed, AT.attributes), AT.crc)
  return packed
}

function write(records: readonly Given[], packing: Packing = 'none', origin?: BatchOrigin): Buffer {
  if (packing === 'snappy' || packing === 'lz4') return repack(write(records, 'none', origin), packing)
  const writer = new BatchWriter()
  for (const { timestamp, key, value, headers, skip } of records)
    writer.append(timestamp, key, value, encodeHeaders(headers as [string, HeaderValue][]), skip)
  return Buffer.from(writer.finish({ compression: packing, ...(origin === undefined ? {} : { origin }) }))
}

function expected(records: readonly Given[], base = 0n): Plain[] {
  let offset = base - 1n
  return records.map(({ timestamp, key, value, headers, skip }) => ({
    offset: (offset += BigInt(skip) + 1n),
    timestamp,
    key: key === null ? null : Buffer.from(key).toString('hex'),
    value: value === null ? null : Buffer.from(value).toString('hex'),
    headers: headers.map(([name, v]) => [
      Buffer.from(name).toString('hex'),
      v === null ? null : Buffer.from(v).toString('hex'),
    ]),
  }))
}

describe('crc32c', () => {
  test('has the value that its description gives for the digits 1 to 9', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  })
  test("is the client's, for any bytes and any part of them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), (bytes, from) => {
        const start = Math.min(from, bytes.length)
        expect(crc32c(bytes, start)).toBe(clientCrc32c(Buffer.from(bytes.subarray(start))))
      }),
    )
  })
})

describe('round trips', () => {
  test.each(compressions)('%s: what is written is read, gaps, nulls and headers included', (compression) => {
    fc.assert(
      fc.property(fc.array(aRecord, { minLength: 1, maxLength: 12 }), (records) => {
        expect(read(write(records, compression))).toEqual(expected(records))
      }),
      { numRuns: 60 },
    )
  })

  test('several batches in one buffer; one that is cut off at the end is left for the next fetch', () => {
    fc.assert(
      fc.property(
        fc.array(aRecord, { minLength: 1, maxLength: 4 }),
        fc.array(aRecord, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        (a, b, cut) => {
          const first = write(a)
          const second = write(b)
          second.writeBigInt64BE(1n << 40n, AT.baseOffset)
          expect(read(Buffer.concat([first, second]))).toEqual([...expected(a), ...expected(b, 1n << 40n)])
          expect(read(Buffer.concat([first, second.subarray(0, cut % second.length)]))).toEqual(expected(a))
        },
      ),
      { numRuns: 60 },
    )
  })

  test('head fields come back; a marker of a transaction says what it is', () => {
    const origin: BatchOrigin = { producerId: 2n ** 40n, producerEpoch: 7, baseSequence: 99, transactional: true }
    const writer = new BatchWriter()
    writer.append(5, Uint8Array.of(0, 0, 0, 1), Uint8Array.of(0, 0, 0, 0, 0, 0))
    const walk = new BatchWalk(Buffer.from(writer.finish({ origin, control: true })), options)
    expect(walk.next()).toBe(true)
    const { producerId, producerEpoch, baseSequence, isTransactional, isControl } = walk
    expect({ producerId, producerEpoch, baseSequence, isTransactional, isControl }).toEqual({
      producerId: 2n ** 40n,
      producerEpoch: 7,
      baseSequence: 99,
      isTransactional: true,
      isControl: true,
    })
    expect(walk.marker()).toBe('commit')
    expect(walk.next()).toBe(false)
    writer.append(5, Uint8Array.of(0, 0, 0, 0), null)
    const abort = new BatchWalk(writer.finish({ origin, control: true }), options)
    abort.next()
    expect(abort.marker()).toBe('abort')
  })

  test('a batch stamped by the broker has one timestamp, that of the append', () => {
    const batch = write([
      { timestamp: 1_000, key: null, value: null, headers: [], skip: 0 },
      { timestamp: 2_000, key: null, value: null, headers: [], skip: 0 },
    ])
    batch.writeInt16BE(0b1000, AT.attributes)
    batch.writeBigInt64BE(9_000n, AT.maxTimestamp)
    expect(read(batch, { ...options, checksums: false }).map(({ timestamp }) => timestamp)).toEqual([9_000, 9_000])
  })

  test('timestamps whose deltas need all 64 bits', () => {
    const far = { key: null, value: null, headers: [], skip: 0 }
    const stamps = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 0, -1, 2 ** 50 + 1]
    const batch = write(stamps.slice(1).map((timestamp) => ({ ...far, timestamp })))
    expect(read(batch).map(({ timestamp }) => timestamp)).toEqual(stamps.slice(1))
  })
})

describe("with the client's encoder and decoder", () => {
  test.each(compressions)('%s: it reads what is written here', (compression) => {
    fc.assert(
      fc.property(fc.array(aRecord, { minLength: 1, maxLength: 6 }), (given) => {
        const records = given.map((record) => ({ ...record, skip: 0, timestamp: record.timestamp % 2 ** 41 }))
        const batch = readRecordsBatch(Reader.from(write(records, compression)))
        expect(batch.crc).toBe(clientCrc32c(write(records, compression).subarray(AT.attributes)))
        const found = batch.records.map((record, i) => ({
          offset: BigInt(i),
          timestamp: Number(batch.firstTimestamp + record.timestampDelta),
          key: record.key?.toString('hex') ?? null,
          value: record.value?.toString('hex') ?? null,
          headers: record.headers.map(([name, value]) => [name?.toString('hex'), value?.toString('hex') ?? null]),
        }))
        expect(found).toEqual(expected(records))
      }),
      { numRuns: 40 },
    )
  })

  test.each(compressions)('%s: what it writes is read here', (compression) => {
    const messages = [0, 1, 2].map((i) => ({
      topic: 't',
      partition: 0,
      key: i === 1 ? undefined : Buffer.from(`k${i}`),
      value: Buffer.from('v'.repeat(i * 50)),
      timestamp: BigInt(1_000 + i),
      headers: new Map([[Buffer.from('h'), Buffer.from(`${i}`)]]),
    }))
    const batch = createRecordsBatch(messages as never, { compression }).buffer
    expect(read(batch)).toEqual(
      messages.map(({ key, value, headers }, i) => ({
        offset: BigInt(i),
        timestamp: 1_000 + i,
        key: key?.toString('hex') ?? null,
        value: value.toString('hex'),
        headers: [...headers].map(([name, v]) => [name.toString('hex'), v.toString('hex')]),
      })),
    )
  })
})

describe('garbage', () => {
  /** Reads, and lets nothing but a StreamError out. */
  function outcome(bytes: Uint8Array, given: BatchWalkOptions): string {
    try {
      return `${read(bytes, given).length} records`
    } catch (error) {
      expect(error).toBeInstanceOf(StreamError)
      return (error as StreamError).code
    }
  }

  test('a changed byte is found by the checksum', () => {
    const batch = write([{ timestamp: 1, key: Uint8Array.of(1), value: Uint8Array.of(2), headers: [], skip: 0 }])
    for (let at: number = AT.attributes; at < batch.length; at++) {
      const damaged = Buffer.from(batch)
      damaged[at] = (damaged[at] as number) ^ 0x10
      expect(() => read(damaged)).toThrow(/checksum/)
    }
  })

  test.each(compressions)(
    '%s: without checksums changed bytes give records or an error, nothing else',
    (compression) => {
      fc.assert(
        fc.property(
          fc.array(aRecord, { minLength: 1, maxLength: 5 }),
          fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
          (records, changes) => {
            const batch = write(records, compression)
            for (const [at, byte] of changes) batch[AT.magic + (at % (batch.length - AT.magic))] = byte
            outcome(batch, { ...options, checksums: false })
          },
        ),
        { numRuns: 400 },
      )
    },
  )

  test('random bytes behind a head that says they are records', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(4), fc.integer(), (noise, compression, count) => {
        const batch = Buffer.concat([
          write([{ timestamp: 1, key: null, value: null, headers: [], skip: 0 }]).subarray(0, AT.records),
          noise,
        ])
        batch.writeInt32BE(batch.length - 12, AT.length)
        batch.writeInt16BE(compression, AT.attributes)
        batch.writeInt32BE(count, AT.count)
        outcome(batch, { ...options, checksums: false })
      }),
      { numRuns: 400 },
    )
  })

  test('each broken field is named', () => {
    const batch = write([{ timestamp: 1, key: Uint8Array.of(1), value: null, headers: [], skip: 0 }])
    const broken = (change: (bytes: Buffer) => void): string => {
      const bytes = Buffer.from(batch)
      change(bytes)
      try {
        read(bytes, { ...options, checksums: false })
      } catch (error) {
        return (error as Error).message
      }
      return 'read'
    }
    expect(broken((b) => b.writeInt32BE(3, AT.length))).toMatch(/a length of 3, expected 49 or more/)
    expect(broken((b) => b.writeInt8(1, AT.magic))).toMatch(/format \(magic\) 1, expected 2/)
    expect(broken((b) => b.writeInt32BE(1_000_000_000, AT.count))).toMatch(/1000000000 records in 8 bytes/)
    expect(broken((b) => b.writeInt32BE(0, AT.count))).toMatch(/8 bytes behind its last record/)
    expect(broken((b) => b.writeInt32BE(-1, AT.lastOffsetDelta))).toMatch(/neither below zero/)
    expect(broken((b) => (b[AT.records] = 0x7f))).toMatch(/a length of -64/)
    expect(broken((b) => b.fill(0xff, AT.records))).toMatch(/a number that does not end/)
    expect(broken((b) => (b[AT.records + 4] = 0x40))).toMatch(/a key of 32 bytes/)
    expect(broken((b) => b.writeInt16BE(7, AT.attributes))).toMatch(/compression 7, expected 0 to 4/)
  })
})

describe('caps', () => {
  const zeros = [{ timestamp: 1, key: null, value: Buffer.alloc(300_000), headers: [], skip: 0 }]
  test.each(compressions.slice(1))('%s: a batch that grows beyond the cap is refused', (packing) => {
    const batch = write(zeros, packing)
    expect(batch.length).toBeLessThan(30_000)
    const allow = (maxDecompressedBytes: number): number => read(batch, { ...options, maxDecompressedBytes }).length
    expect(() => allow(299_999)).toThrow(/more than 299999 bytes once unpacked.*Raise maxDecompressedBytes/)
    expect(allow(300_100)).toBe(1)
  })

  test.each([
    ['gzip', 1, zlib.gzipSync],
    ['zstd', 4, zlib.zstdCompressSync],
  ] as const)('%s: nor is more than the cap ever unpacked', (_, bits, pack) => {
    // Both may be made of many parts: 1 GiB in all.
    const part = pack(Buffer.alloc(16 << 20))
    const bomb = Buffer.concat(Array.from({ length: 64 }, () => part))
    const before = process.resourceUsage().maxRSS
    expect(() => decompress(bits, bomb, 1 << 20)).toThrow(/more than 1048576 bytes once unpacked/)
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(100_000)
  })

  test.each([
    ['snappy', 2, 'ffffffff07'],
    ['lz4', 3, '04224d18' + '6c40' + '0000004000000000' + '00'],
  ] as const)('%s: a size that is only said takes no room', (_, bits, said) => {
    const before = process.resourceUsage().maxRSS
    expect(() => decompress(bits, Buffer.concat([Buffer.from(said, 'hex'), Buffer.alloc(64)]), 1 << 20)).toThrow()
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(100_000)
  })

  test('snappy in the frame of Java producers is read block by block', () => {
    const block = (text: string): Buffer => {
      const packed = compressionsAlgorithms.snappy.compressSync(Buffer.from(text, 'latin1'))
      const length = Buffer.alloc(4)
      length.writeInt32BE(packed.length)
      return Buffer.concat([length, packed])
    }
    const plain = write([{ timestamp: 1, key: null, value: Buffer.from('x'.repeat(150)), headers: [], skip: 0 }])
    const records = plain.subarray(AT.records).toString('latin1')
    const head = Buffer.from('82534e4150505900' + '00000001' + '00000001', 'hex')
    const framed = Buffer.concat([
      plain.subarray(0, AT.records),
      head,
      block(records.slice(0, 99)),
      block(records.slice(99)),
    ])
    framed.writeInt32BE(framed.length - 12, AT.length)
    framed.writeInt16BE(2, AT.attributes)
    expect(read(framed, { ...options, checksums: false })).toEqual(read(plain))
    const cut = Buffer.from(framed)
    cut.writeInt32BE(1_000, AT.records + 16)
    expect(() => read(cut, { ...options, checksums: false })).toThrow(/a block of 1000 bytes/)
  })
})

test('a gzip stream of another writer', () => {
  const plain = write([{ timestamp: 1, key: null, value: Buffer.from('hello'), headers: [], skip: 0 }])
  const packed = Buffer.concat([plain.subarray(0, AT.records), zlib.gzipSync(plain.subarray(AT.records), { level: 9 })])
  packed.writeInt32BE(packed.length - 12, AT.length)
  packed.writeInt16BE(1, AT.attributes)
  expect(read(packed, { ...options, checksums: false })).toEqual(read(plain))
})
