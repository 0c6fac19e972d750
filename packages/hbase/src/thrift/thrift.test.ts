import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCall, reply } from '../../test/fake-thrift.ts'
import { BinaryReader } from './binary-reader.ts'
import { type BinaryWriter, FRAME_HEAD, TYPE } from './binary-writer.ts'
import { getRow, scanRows, tableExists } from './methods.ts'
import { MOST_FRAME_BYTES, PutBatch } from './put-batch.ts'
import { refusal, shortText } from './refusals.ts'
import { readReply } from './reply.ts'

const table = Buffer.from('t')
const family = Buffer.from('d')
const small = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes))

const batch = (): PutBatch => new PutBatch(table, family, { puts: 1_000, bytes: 1_000_000 })

describe('puts as bytes', () => {
  const cells = fc.array(fc.record({ qualifier: small, value: small, timestamp: fc.maxSafeNat() }), {
    minLength: 1,
    maxLength: 4,
  })
  const puts = fc.array(fc.record({ row: small, cells, ttlMs: fc.option(fc.maxSafeInteger(), { nil: undefined }) }), {
    maxLength: 20,
  })

  test('come back as they went in', () => {
    fc.assert(
      fc.property(puts, (puts) => {
        const out = batch()
        for (const { row, cells, ttlMs } of puts) {
          out.begin(row)
          for (const { qualifier, value, timestamp } of cells) out.cell(qualifier, 7, value, timestamp)
          out.end(ttlMs)
        }
        const { method, args } = readCall(out.take().bytes.subarray(FRAME_HEAD))
        expect(method).toBe('putMultiple')
        expect(args.get(1)).toEqual(table)
        const column = ({ qualifier, value, timestamp }: (typeof puts)[number]['cells'][number]): unknown =>
          new Map<number, unknown>([
            [1, family],
            [2, qualifier],
            [3, Buffer.concat([Buffer.from([7]), value])],
            [4, BigInt(timestamp)],
          ])
        const ttl = (ms: number): Buffer => {
          const bytes = Buffer.alloc(8)
          bytes.writeBigInt64BE(BigInt(ms))
          return bytes
        }
        expect(args.get(2)).toEqual(
          puts.map(
            ({ row, cells, ttlMs }) =>
              new Map<number, unknown>([
                [1, row],
                [2, cells.map(column)],
                ...(ttlMs === undefined ? [] : [[5, [[Buffer.from('_ttl'), ttl(ttlMs)]]] as const]),
                [6, 3],
              ]),
          ),
        )
      }),
    )
  })

  test('stay below the bytes and the puts of a batch', () => {
    const value = Buffer.alloc(500)
    for (const [limits, most] of [
      [{ puts: 7, bytes: 1_000_000 }, 7],
      [{ puts: 1_000, bytes: 10_000 }, 17],
    ] as const) {
      const out = new PutBatch(table, family, limits)
      let puts = 0
      for (; out.fits(1, 10 + value.length); puts++) {
        out.begin(Buffer.alloc(5))
        out.cell(Buffer.alloc(5), 1, value, puts)
        out.end(1)
      }
      expect(puts).toBeGreaterThan(most - 2)
      expect(puts).toBeLessThanOrEqual(most)
      expect(out.take().bytes.length).toBeLessThanOrEqual(limits.bytes)
      expect(out.puts).toBe(0)
    }
  })

  test('are not larger than was said', () => {
    fc.assert(
      fc.property(cells, small, (cells, row) => {
        const out = batch()
        const bytes = cells.reduce((sum, { qualifier, value }) => sum + qualifier.length + value.length, row.length)
        const before = out.take().bytes.length
        out.begin(row)
        for (const { qualifier, value, timestamp } of cells) out.cell(qualifier, 7, value, timestamp)
        out.end(1)
        const said = out.sizeOf(cells.length, bytes)
        expect(out.take().bytes.length - before).toBeLessThanOrEqual(said)
      }),
    )
    expect(MOST_FRAME_BYTES).toBe(2_097_152)
  })
})

describe('a message that is filled anew', () => {
  test('does not touch the one before', () => {
    const out = batch()
    const put = (row: string): void => {
      out.begin(Buffer.from(row))
      out.cell(Buffer.from('q'), 1, Buffer.from('v'), 1)
      out.end()
    }
    put('first')
    const first = out.take()
    const copy = Buffer.from(first.bytes)
    put('second')
    out.take()
    expect(first.bytes).toEqual(copy)
  })
})

describe('replies', () => {
  const yes = (write: (out: BinaryWriter) => void, kind?: number): Buffer => reply('tableExists', 7, write, kind)
  const read = (bytes: Buffer): boolean =>
    readReply(new BinaryReader(bytes), 'tableExists', 7, tableExists({ namespace: undefined, name: 't' }).success)
  const bad = expect.objectContaining({ code: 'HBASE_BAD_REPLY', retryable: false })

  test('a result', () => {
    expect(read(yes((out) => out.boolField(0, true)))).toBe(true)
    expect(read(yes((out) => out.boolField(0, false)))).toBe(false)
  })

  test('fields that are not known are skipped', () => {
    const strange = (out: BinaryWriter): void => {
      out.field(TYPE.map, 9)
      out.u8(TYPE.binary)
      out.u8(TYPE.list)
      out.i32(1)
      out.text('name')
      out.list(TYPE.double, 2)
      out.i64(1)
      out.i64(2)
      out.boolField(0, true)
    }
    expect(read(yes(strange))).toBe(true)
  })

  test.each([
    ['to another call', reply('get', 7, (out) => out.boolField(0, true))],
    ['to a call before', reply('tableExists', 6, (out) => out.boolField(0, true))],
    ['without a result', yes(() => {})],
    ['of another type', yes((out) => out.i32Field(0, 1))],
    ['that is a call', yes((out) => out.boolField(0, true), 1)],
    ['that is HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['with more behind it', Buffer.concat([yes((out) => out.boolField(0, true)), Buffer.from([1])])],
    ['that is empty', Buffer.alloc(0)],
  ])('one %s is refused', (_, bytes) => {
    expect(() => read(bytes)).toThrow(bad)
  })

  test('a reply cut anywhere, or with any byte changed, is read or refused, and nothing else', () => {
    const { success } = scanRows(table, family, { start: table, stop: table, rows: 1 })
    const rows = reply('getScannerResults', 1, (out) => {
      out.field(TYPE.list, 0)
      out.list(TYPE.struct, 1)
      out.binaryField(1, Buffer.from('row'))
      out.field(TYPE.list, 2)
      out.list(TYPE.struct, 1)
      out.binaryField(1, family)
      out.binaryField(2, Buffer.from('q'))
      out.binaryField(3, Buffer.from('value'))
      out.i64Field(4, 1_700_000_000_000)
      out.stop()
      out.stop()
    })
    const read = (bytes: Buffer): unknown => readReply(new BinaryReader(bytes), 'getScannerResults', 1, success)
    expect(read(rows)).toEqual([
      {
        row: Buffer.from('row'),
        cells: [{ qualifier: Buffer.from('q'), value: Buffer.from('value'), timestamp: 1_700_000_000_000 }],
      },
    ])
    for (let end = 0; end < rows.length; end++) expect(() => read(rows.subarray(0, end))).toThrow(bad)
    for (let at = 0; at < rows.length; at++) {
      for (const byte of [0, 0x7f, 0xff, (rows[at] as number) ^ 1]) {
        const changed = Buffer.from(rows)
        changed[at] = byte
        try {
          read(changed)
        } catch (error) {
          expect(error).toMatchObject({ name: 'StreamError', code: expect.stringMatching(/^HBASE_/) })
        }
      }
    }
  })

  test('a row that is not there is none', () => {
    const { success } = getRow(table, Buffer.from('r'), family)
    const bytes = reply('get', 1, (out) => {
      out.field(TYPE.struct, 0)
      out.field(TYPE.list, 2)
      out.list(TYPE.struct, 0)
      out.stop()
    })
    expect(readReply(new BinaryReader(bytes), 'get', 1, success)).toBeUndefined()
  })
})

describe('refusals', () => {
  const trace = [
    'org.apache.hadoop.hbase.client.RetriesExhaustedWithDetailsException: Failed 2 actions: ',
    '\tat org.apache.hadoop.hbase.client.BatchErrors.makeException(BatchErrors.java:60)',
    '\t... 12 more',
    'Caused by: java.io.IOException: region is not online',
  ].join('\n')

  test('become one short line, without packages and stack traces', () => {
    expect(shortText(trace)).toBe(
      'RetriesExhaustedWithDetailsException: Failed 2 actions:, caused by IOException: region is not online',
    )
    expect(shortText('x'.repeat(5_000)).length).toBeLessThan(200)
    expect(refusal('put', 'io', trace).message.split('\n')).toHaveLength(1)
  })

  test.each([
    ['io', 'org.apache.hadoop.hbase.TableNotFoundException: t', 'HBASE_TABLE_MISSING', false],
    ['io', `${trace}\nCaused by: org.apache.hadoop.hbase.TableNotFoundException: t`, 'HBASE_TABLE_MISSING', false],
    ['io', 'org.apache.hadoop.hbase.TableNotEnabledException: t is disabled.', 'HBASE_TABLE_DISABLED', false],
    [
      'io',
      'Failed 1 action: org.apache.hadoop.hbase.regionserver.NoSuchColumnFamilyException: x',
      'HBASE_REFUSED',
      false,
    ],
    ['io', 'org.apache.hadoop.hbase.security.AccessDeniedException: no', 'HBASE_DENIED', false],
    ['io', trace, 'HBASE_BUSY', true],
    ['argument', 'Invalid scanner Id', 'HBASE_REFUSED', false],
    ['application', 'Internal error processing put', 'HBASE_REFUSED', false],
  ] as const)('%s: %s', (kind, said, code, retryable) => {
    expect(refusal('putMultiple', kind, said)).toMatchObject({ code, retryable })
  })
})
