import type { DeltaPane, Key, KeyPart, OneWindow, Pane, TimeWindow } from '@tidemark/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { json } from '../serde/json.ts'
import type { RecordView } from '../serde/serde.ts'
import { RecordWalk } from '../wire/record-walk.ts'
import { BatchWalk } from '../wire/batch-walk.ts'
import { BatchWriter } from '../wire/batch-writer.ts'
import { headersAt } from '../wire/headers.ts'
import { type EncodedRecord, paneRecord, progressRecord, resultRecords } from './pane-record.ts'
import { type Progress, ResultFrontier } from './progress.ts'
import { decodeResultKey, encodeProgressKey, encodeResultKey, keyBytes } from './result-key.ts'

const aPart: fc.Arbitrary<KeyPart> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  fc.bigInt(),
  fc.boolean(),
  fc.uint8Array({ maxLength: 5 }),
)
const aKey: fc.Arbitrary<Key> = fc.oneof(aPart, fc.array(aPart, { maxLength: 4 }))
const aWindow: fc.Arbitrary<TimeWindow | OneWindow> = fc.oneof(
  fc.record({ start: fc.maxSafeInteger(), end: fc.maxSafeInteger() }, { noNullPrototype: true }),
  fc.constant({ only: true } as const),
)

test('a result key gives back key, window and correction', () => {
  fc.assert(
    fc.property(aKey, aWindow, fc.option(fc.string(), { nil: undefined }), (key, window, correction) => {
      expect(decodeResultKey(encodeResultKey(key, window, correction))).toStrictEqual({
        kind: 'result',
        key,
        window,
        correction,
      })
    }),
    { numRuns: 1_000 },
  )
  expect(decodeResultKey(encodeProgressKey('3'))).toEqual({ kind: 'progress', task: '3' })
})

test('different keys and windows never share bytes', () => {
  const seen = new Map<string, string>()
  fc.assert(
    fc.property(aKey, aWindow, (key, window) => {
      const bytes = Buffer.from(encodeResultKey(key, window)).toString('hex')
      const plain = (part: unknown): string =>
        part instanceof Uint8Array
          ? `b${part.join()}`
          : Array.isArray(part)
            ? `[${part.map(plain).join('|')}]`
            : `${typeof part}${String(part)}`
      const name = `${plain(key)}@${JSON.stringify(window)}`
      expect(seen.get(bytes) ?? name).toBe(name)
      seen.set(bytes, name)
    }),
    { numRuns: 1_000 },
  )
  expect(seen.size).toBeGreaterThan(500)
})

test('bytes that are no result key are refused', () => {
  fc.assert(
    fc.property(
      aKey,
      aWindow,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
      fc.nat(),
      (key, window, changes, cut) => {
        const bytes = Buffer.from(encodeResultKey(key, window))
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        for (const part of [bytes, bytes.subarray(0, cut % bytes.length)]) {
          try {
            expect(['result', 'progress']).toContain(decodeResultKey(part).kind)
          } catch (error) {
            expect((error as { code?: string }).code).toBe('BAD_RESULT_KEY')
          }
        }
      },
    ),
    { numRuns: 1_000 },
  )
})

test('a window without whole milliseconds is refused', () => {
  expect(() => encodeResultKey('a', { start: 0, end: Number.POSITIVE_INFINITY })).toThrow(
    /The window of a result: found .*expected a start and an end/,
  )
})

test('the bytes that decide the partition are those of a plain producer', () => {
  const plain = (key: Key): string => Buffer.from(keyBytes(key)).toString()
  expect([plain('é'), plain(5), plain(-1.5), plain(7n), plain(true)]).toEqual(['é', '5', '-1.5', '7', 'true'])
  expect(keyBytes(Uint8Array.of(1, 2))).toEqual(Uint8Array.of(1, 2))
  expect(keyBytes(['a', 'bc'])).not.toEqual(keyBytes(['ab', 'c']))
})

/** What a source sees of a record that went through a batch. */
function view({ key, value, headers }: EncodedRecord): [Uint8Array | null, RecordView] {
  const writer = new BatchWriter()
  writer.append(1, key, value, headers)
  const batch = new BatchWalk(writer.finish(), { maxDecompressedBytes: 1e6, checksums: true })
  const records = new RecordWalk()
  batch.next()
  batch.records(records)
  records.next()
  const part = (start: number, end: number): Buffer => Buffer.from(records.bytes.slice(start, end))
  const bytes = records.valueStart < 0 ? null : part(records.valueStart, records.valueEnd)
  return [
    bytes,
    {
      topic: 't',
      partition: 0,
      offset: 0n,
      timestamp: 1,
      keyBytes: part(records.keyStart, records.keyEnd),
      headers: headersAt(records.bytes, records.headersAt),
    },
  ]
}

const decoder = resultRecords<Key, unknown, TimeWindow | OneWindow>(json<unknown>())
function thereAndBack(record: EncodedRecord): unknown {
  const [bytes, seen] = view(record)
  return bytes === null ? decoder.ofNull?.(seen) : decoder.decode(bytes, seen)
}

const aTime = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY))
const base = {
  key: aKey,
  window: aWindow,
  index: fc.nat(2 ** 40),
  epoch: fc.nat(),
  watermark: aTime,
  emittedAt: fc.maxSafeInteger(),
}
// JSON does not tell −0 from 0.
const value = fc.jsonValue().map((any) => JSON.parse(JSON.stringify(any)) as unknown)
const aPane: fc.Arbitrary<
  Pane<Key, unknown, TimeWindow | OneWindow> | DeltaPane<Key, unknown, TimeWindow | OneWindow>
> = fc.oneof(
  fc
    .record({
      ...base,
      kind: fc.constantFrom('value' as const, 'delta' as const),
      value,
      timing: fc.constantFrom('early' as const, 'on-time' as const, 'late' as const),
      isLast: fc.boolean(),
      records: fc.nat(),
      lateRecords: fc.nat(),
    })
    .map((pane) => ({ ...pane, isFirst: pane.index === 0 })) as fc.Arbitrary<DeltaPane<Key, unknown, TimeWindow>>,
  fc
    .record({
      ...base,
      kind: fc.constant('retraction' as const),
      value,
      timing: fc.constantFrom('early' as const, 'on-time' as const, 'late' as const),
      isLast: fc.constant(false as const),
    })
    .map((pane) => ({ ...pane, isFirst: pane.index === 0 })),
  fc
    .record({ ...base, kind: fc.constant('correction' as const), id: fc.string(), delta: fc.uint8Array() })
    .map((pane) => ({ ...pane, delta: new Uint8Array(pane.delta) })),
)

test('panes of every kind come back as they were', () => {
  fc.assert(
    fc.property(aPane, (pane) => {
      expect(thereAndBack(paneRecord(pane, json<unknown>()))).toEqual(pane)
    }),
    { numRuns: 1_000 },
  )
})

test('a plain consumer sees the value, a retraction as a null value, and headers in text', () => {
  const pane = {
    kind: 'value',
    key: 'home',
    window: { start: 0, end: 60_000 },
    index: 2,
    epoch: 0,
    watermark: 61_000,
    emittedAt: 5,
    value: { views: 3 },
    timing: 'late',
    isFirst: false,
    isLast: false,
    records: 3,
    lateRecords: 1,
  } as const
  const [bytes, seen] = view(paneRecord(pane, json()))
  expect(bytes?.toString()).toBe('{"views":3}')
  const headers = Object.fromEntries([...seen.headers].map(([name, text]) => [name, Buffer.from(text).toString()]))
  expect(headers).toEqual({
    'tm-kind': 'value',
    'tm-version': '0.4',
    'tm-timing': 'late',
    'tm-last': 'false',
    'tm-watermark': '61000',
    'tm-emitted': '5',
    'tm-records': '3/1',
  })
  const { key, window, index, epoch, watermark, emittedAt } = pane
  const [none, withdrawn] = view(
    paneRecord(
      {
        kind: 'retraction',
        key,
        window,
        index,
        epoch,
        watermark,
        emittedAt,
        value: { views: 3 },
        timing: 'on-time',
        isFirst: false,
        isLast: false,
      },
      json(),
    ),
  )
  expect(none).toBeNull()
  expect(withdrawn.keyBytes).toEqual(seen.keyBytes)
  expect(Buffer.from(withdrawn.headers.get('tm-version') ?? []).toString()).toBe('0.5')
})

test('what is no result says why', () => {
  const [bytes, seen] = view(
    paneRecord(
      {
        kind: 'correction',
        key: 'a',
        window: { start: 0, end: 1 },
        index: 0,
        epoch: 0,
        watermark: 0,
        emittedAt: 0,
        id: 'x',
        delta: Uint8Array.of(1),
      },
      json(),
    ),
  )
  const decode = (changes: Record<string, string | undefined>, value: Uint8Array | null = bytes): unknown => {
    const headers = new Map(
      [...seen.headers].map(([name, text]) => [name, Buffer.from(changes[name] ?? Buffer.from(text).toString())]),
    )
    for (const name of Object.keys(changes)) if (changes[name] === undefined) headers.delete(name)
    return value === null ? decoder.ofNull?.({ ...seen, headers }) : decoder.decode(value, { ...seen, headers })
  }
  expect(() => decode({ 'tm-kind': undefined })).toThrow(/no header 'tm-kind', expected a pane or progress/)
  expect(() => decode({ 'tm-kind': 'other' })).toThrow(/kind 'other'/)
  expect(() => decode({ 'tm-version': '5' })).toThrow(/another version/)
  expect(() => decode({}, null)).toThrow(/kind 'correction' with a null value/)
  expect(() => decode({ 'tm-kind': 'progress' })).toThrow(/A progress record: found/)
  expect(() =>
    paneRecord(
      {
        kind: 'retraction',
        key: 'a',
        window: { start: 0, end: 1 },
        index: 0,
        epoch: 0,
        watermark: 0,
        emittedAt: 0,
        value: null,
        timing: 'early',
        isFirst: true,
        isLast: false,
      },
      { encode: () => null },
    ),
  ).toThrow(/an encoder that made null of it/)
})

test('progress comes back, infinite times included', () => {
  fc.assert(
    fc.property(
      fc.record({
        kind: fc.constant('progress' as const),
        task: fc.string(),
        watermark: aTime,
        tasks: fc.nat(),
        idle: fc.boolean(),
      }),
      (progress) => {
        expect(thereAndBack(progressRecord(progress))).toEqual(progress)
      },
    ),
  )
})

test('the frontier is the least of the active tasks, once all have reported in every partition, and never goes back', () => {
  const frontier = new ResultFrontier(['r/0', 'r/1'])
  const report = (partition: string, task: string, watermark: number, idle = false): number => {
    const progress: Progress = { kind: 'progress', task, watermark, tasks: 2, idle }
    return frontier.observe(partition, progress)
  }
  expect(report('r/0', '0', 10)).toBe(Number.NEGATIVE_INFINITY)
  expect(report('r/0', '1', 8)).toBe(Number.NEGATIVE_INFINITY)
  expect(report('r/1', '0', 10)).toBe(Number.NEGATIVE_INFINITY)
  expect(report('r/1', '1', 7)).toBe(7)
  expect(report('r/1', '1', 8)).toBe(8)
  expect(report('r/0', '1', 8, true)).toBe(8)
  expect(report('r/1', '1', 8, true)).toBe(10)
  expect(report('r/1', '1', 9)).toBe(10)
  expect(report('r/1', '0', 12, true)).toBe(10)
  expect(report('r/2', '0', 99)).toBe(10)
})
