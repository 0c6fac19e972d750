// The store against a gateway in this process that keeps the newest cell as HBase does, and fails when it is told to.
import { type Cell, type ColdSession, type ColdStore, StreamError, memoryColdStore } from '@tidemark/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HBaseStoreOptions, hbaseStore } from '../src/index.ts'
import { type FakeGateway, type Fault, fakeGateway } from './fake-gateway.ts'
import { all, bytes, cell, chance, instantClock, shown, sorted } from './stage.ts'

let server: FakeGateway
const open: ColdSession[] = []
const warnings: string[] = []
beforeEach(async () => {
  server = await fakeGateway()
  warnings.length = 0
})
afterEach(async () => {
  for (const session of open.splice(0)) await session.close()
  await server[Symbol.asyncDispose]()
})

const store = (options: Partial<HBaseStoreOptions> = {}): ColdStore =>
  hbaseStore({
    thrift: server.tcp,
    table: 'results',
    patience: '2s',
    clock: instantClock(),
    warn: (text) => warnings.push(text),
    ...options,
  })

async function opened(of: ColdStore = store(), name = 'a', windowMs = 10): Promise<ColdSession> {
  const session = await of.open({ name, windowMs })
  open.push(session)
  return session
}

const put = (session: ColdSession, ...cells: readonly Cell[]): Promise<void> => session.put(cells, { watermark: 0 })

describe.each(['tcp', 'http'] as const)('over %s', (transport) => {
  const here = (options: Partial<HBaseStoreOptions> = {}): ColdStore => store({ thrift: server[transport], ...options })

  test('the newest version stays, withdrawals and corrections too', async () => {
    const session = await opened(here())
    await put(session, cell('k', 20, 2), cell('k', 10, 3, { value: null }), cell('k', 20, 0))
    await put(session, cell('k', 10, 2), cell('k', 20, 0, { correction: 'x' }), cell('l', 20, 1), cell('k', -700, 0))
    const [k, l, none] = await session.read([bytes('k'), bytes('l'), bytes('m')], -1_000, 20)
    expect(shown(k)).toEqual(['[-710,-700) v0 -700.0', '[0,10) v3 –', '[10,20) v2 20.2', '[10,20)x v0 20.0'])
    expect(shown(l)).toEqual(['[10,20) v1 20.1'])
    expect(none).toEqual([])
    expect(shown((await session.read([bytes('k')], 10, 15))[0])).toEqual([])
    const [everything] = await session.read([bytes('k')], Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)
    expect(everything).toHaveLength(4)
    expect(sorted(await all(session.slice(-1_000, 15)))).toEqual(sorted([...(k ?? [])].slice(0, 2)))
  })

  test('of equal versions in one call the last stays, however far apart they are', async () => {
    const session = await opened(here())
    const newest = cell('k', 30, 9)
    const again = (i: number): Cell => cell('k', 10 * (1 + (i % 700)), 4, { value: bytes(`${i}`) })
    await put(session, newest, ...Array.from({ length: 5_000 }, (_, i) => again(i)))
    const expected = Array.from({ length: 700 }, (_, i) => again(i < 100 ? 4_900 + i : 4_200 + i))
    expected[2] = newest
    expect(shown((await session.read([bytes('k')], 0, 7_000))[0])).toEqual(shown(expected))
  })

  test('keys of 0 and of 60,000 bytes, and results under another name', async () => {
    const [session, other] = [await opened(here()), await opened(here(), 'a2')]
    const long = new Uint8Array(60_000).fill(97)
    const longer = new Uint8Array(60_001).fill(97)
    await put(session, cell('', 10, 1), cell(long, 10, 2), cell(longer, 10, 3), cell(long, 5_000, 4))
    await put(other, cell('', 10, 9))
    const found = await session.read([bytes(''), long, longer], 0, 5_000)
    expect(found.map((cells) => cells.map(({ revision }) => revision))).toEqual([[1], [2, 4], [3]])
    expect(sorted(await all(session.slice(0, 5_000)))).toEqual(sorted(found.flat()))
    expect(sorted(await all(session.slice(100, 5_000)))).toEqual(sorted([cell(long, 5_000, 4)]))
    expect(shown((await other.read([bytes('')], 0, 10))[0])).toEqual(['[0,10) v9 10.9'])
  })

  test('registers change from what is expected only', async () => {
    const session = await opened(here())
    expect(await session.register('r')).toBeUndefined()
    expect(await session.compareAndSet('r', undefined, bytes('1'))).toBe(true)
    expect(await session.compareAndSet('r', undefined, bytes('2'))).toBe(false)
    expect(await session.compareAndSet('r', bytes('1'), bytes(''))).toBe(true)
    expect(await session.compareAndSet('r', undefined, bytes('2'))).toBe(false)
    expect(await session.compareAndSet('r', bytes(''), bytes('3'))).toBe(true)
    expect(await (await opened(here())).register('r')).toEqual(bytes('3'))
    expect(await (await opened(here(), 'b')).register('r')).toBeUndefined()
  })

  test('of many at a time one sets a register, whatever gets lost', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const dice = chance(seed)
      const sessions = await Promise.all([opened(here()), opened(here()), opened(here())])
      server.fault = ({ method }) =>
        method === 'checkAndMutate' ? ([undefined, undefined, 'cut', 'cut-after'] as const)[dice(4)] : undefined
      const name = `r${seed}`
      const told = await Promise.allSettled(
        sessions.map((session, i) => session.compareAndSet(name, undefined, bytes(`${i}`))),
      )
      server.fault = () => undefined
      const held = await sessions[0]?.register(name)
      const winners = told.flatMap((outcome, i) => (outcome.status === 'fulfilled' && outcome.value ? [i] : []))
      const unknown = told.flatMap((outcome, i) => (outcome.status === 'rejected' ? [i] : []))
      // Whoever was told so has it; nobody was told no who has it.
      if (winners.length > 0) expect([winners.length, held]).toEqual([1, bytes(`${winners[0]}`)])
      else expect(unknown.map(String)).toContain(Buffer.from(held ?? []).toString())
    }
  })

  test('more cells than fit a batch', async () => {
    const session = await opened(here())
    const cells = Array.from({ length: 3_000 }, (_, i) =>
      cell(`k${i % 7}`, 10 * i, 0, { value: new Uint8Array(1_000).fill(i) }),
    )
    await put(session, ...cells)
    expect(server.calls.filter((method) => method === 'putMultiple').length).toBeGreaterThanOrEqual(4)
    const parts: (readonly Cell[])[] = []
    for await (const part of session.slice(-1, 30_000)) parts.push(part)
    expect(parts.every(({ length }) => length <= 1_000)).toBe(true)
    expect(sorted(parts.flat())).toEqual(sorted(cells))
    const read = await session.read(
      Array.from({ length: 7 }, (_, i) => bytes(`k${i}`)),
      -1,
      30_000,
    )
    expect(sorted(read.flat())).toEqual(sorted(cells))
  })
})

const TIMES = Number(process.env['TIDEMARK_RUNS'] ?? 1)
const SEEDS = 100 * TIMES

describe('writers in any order, with replays and faults', () => {
  const keys = ['', 'a', 'b', 'a\u0000', 'ab'].map(bytes)
  const someCell = (dice: (bound: number) => number): Cell => {
    const end = 10 * (dice(150) - 75)
    const revision = dice(6)
    const correction = dice(5) === 0 ? `c${dice(3)}` : ''
    // What has the same place and version is the same, as in every replay.
    const value = revision % 2 === 1 ? null : bytes(`${end} ${revision} ${correction}`)
    return cell(keys[dice(keys.length)]!, end, revision, { correction, value })
  }

  test(
    'end in the state of the newest version, as the store in memory does',
    async () => {
      const patient = store({ patience: '1h', salts: 2 })
      for (let seed = 1; seed <= SEEDS; seed++) {
        const dice = chance(seed)
        const name = `run ${seed}`
        server.tables.clear()
        const faults: readonly (Fault | undefined)[] = [
          'cut',
          'cut-after',
          { refuse: 'java.io.IOException: moving' },
          undefined,
          undefined,
          undefined,
          undefined,
          undefined,
        ]
        const [ours, also, memory] = [
          await opened(patient, name),
          await opened(patient, name),
          await memoryColdStore().open({ name, windowMs: 10 }),
        ]
        if (seed % 4 === 0) server.fault = () => faults[dice(faults.length)]
        const batches = Array.from({ length: 6 }, () => Array.from({ length: dice(30) }, () => someCell(dice)))
        const twice = [...batches, ...batches.filter(() => dice(2) === 0)].sort(() => dice(3) - 1)
        await Promise.all(twice.map((cells, i) => (i % 2 === 0 ? ours : also).put(cells, { watermark: 0 })))
        for (const cells of batches) await memory.put(cells, { watermark: 0 })
        const [from, to] = [10 * (dice(160) - 80), 10 * (dice(160) - 80)]
        expect((await ours.read(keys, from, to)).map(shown)).toEqual((await memory.read(keys, from, to)).map(shown))
        expect(sorted(await all(ours.slice(from, to)))).toEqual(sorted(await all(memory.slice(from, to))))
        server.fault = () => undefined
        for (const session of open.splice(0)) await session.close()
      }
    },
    60_000 * TIMES,
  )
})

describe('the table', () => {
  test('is split at the salts over HTTP; over TCP it is not, and that is said', async () => {
    await opened(store({ thrift: server.http, table: 'split', salts: 8 }))
    expect(server.tables.get('split')?.splits).toBe(7)
    expect(warnings).toEqual([])
    await opened(store({ table: 'whole' }))
    expect(server.tables.get('whole')?.splits).toBe(0)
    expect(warnings).toEqual([expect.stringContaining("'whole' was created without split keys")])
  })

  test('is made once by many', async () => {
    await Promise.all(Array.from({ length: 8 }, () => opened()))
    expect([...server.tables.keys()]).toEqual(['results'])
  })

  test('says how it is laid out; who opens it later without salts takes what it has', async () => {
    const first = await opened(store({ salts: 3 }))
    await put(first, ...Array.from({ length: 50 }, (_, i) => cell(`k${i}`, 10, 0)))
    expect(await all((await opened()).slice(0, 10))).toHaveLength(50)
    await expect(opened(store({ salts: 4 }))).rejects.toMatchObject({
      code: 'HBASE_OTHER_SCHEME',
      message: expect.stringContaining('3 salts'),
    })
    await expect(opened(store(), 'a', 20)).rejects.toMatchObject({
      code: 'HBASE_OTHER_SCHEME',
      message: expect.stringContaining('"windowMs":10'),
    })
  })

  test('of somebody else is left alone', async () => {
    await opened(store({ table: 'theirs' }))
    const table = server.tables.get('theirs')!
    table.rows.clear()
    table.rows.set('6b', new Map([['76', { value: Buffer.from('v'), timestamp: 1n }]]))
    await expect(opened(store({ table: 'theirs' }))).rejects.toMatchObject({
      code: 'HBASE_OTHER_SCHEME',
      retryable: false,
    })
    expect(table.rows.size).toBe(1)
    server.tables.set('versions', { ...table, families: new Map([['d', 3]]), rows: new Map() })
    await expect(opened(store({ table: 'versions' }))).rejects.toMatchObject({
      message: expect.stringContaining('keeps 3 versions'),
    })
    server.tables.set('families', { ...table, families: new Map([['cf', 1]]), rows: new Map() })
    await expect(opened(store({ table: 'families' }))).rejects.toMatchObject({
      message: expect.stringContaining('["cf"]'),
    })
  })

  test('disabled or gone, at the start or in the middle: told at once', async () => {
    const session = await opened()
    const table = server.tables.get('results')!
    table.enabled = false
    for (const call of [
      () => put(session, cell('k', 10, 0)),
      () => session.read([bytes('k')], 0, 10),
      () => all(session.slice(0, 10)),
      () => session.register('r'),
      () => opened(),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'HBASE_TABLE_DISABLED', retryable: false })
    server.tables.clear()
    await expect(put(session, cell('k', 10, 0))).rejects.toMatchObject({ code: 'HBASE_TABLE_MISSING' })
  })

  test('what is no answer names the table that is missing behind it', async () => {
    const session = await opened()
    server.tables.clear()
    server.fault = ({ method }) => (method === 'putMultiple' ? { refuse: 'Failed 1 action: IOException' } : undefined)
    await expect(put(session, cell('k', 10, 0))).rejects.toMatchObject({ code: 'HBASE_TABLE_MISSING' })
    expect(server.calls.filter((method) => method === 'putMultiple')).toHaveLength(1)
  })
})

describe('what cannot be kept', () => {
  test('is refused before anything of the batch is written', async () => {
    const session = await opened()
    const before = server.calls.length
    for (const [bad, code] of [
      [{ epoch: 1 }, 'HBASE_EPOCH'],
      [{ end: Number.POSITIVE_INFINITY }, 'HBASE_BAD_WINDOW'],
      [{ value: new Uint8Array(2_200_000) }, 'HBASE_TOO_LARGE'],
    ] as const)
      await expect(put(session, cell('k', 10, 0), cell('k', 20, 0, bad))).rejects.toMatchObject({
        code,
        retryable: false,
      })
    expect(server.calls.length).toBe(before)
    await put(session, cell('k', 30, 0, { value: new Uint8Array(1_900_000) }))
    expect((await session.read([bytes('k')], 0, 30))[0]).toHaveLength(1)
  })

  test('a value of somebody else under our key is told, not handed on', async () => {
    const session = await opened()
    await put(session, cell('k', 10, 0))
    for (const [id, row] of server.tables.get('results')!.rows)
      if (!id.startsWith('ff'))
        for (const place of row.keys()) row.set(place, { value: Buffer.from('{"a":1}'), timestamp: 99n })
    await expect(session.read([bytes('k')], 0, 10)).rejects.toMatchObject({ code: 'HBASE_NOT_OURS' })
    await expect(all(session.slice(0, 10))).rejects.toMatchObject({ code: 'HBASE_NOT_OURS' })
  })

  test('a write that fails in the middle fails as a whole', async () => {
    const session = await opened()
    let batches = 0
    server.fault = ({ method }) =>
      method === 'putMultiple' && ++batches === 3
        ? { refuse: 'org.apache.hadoop.hbase.DoNotRetryIOException: no' }
        : undefined
    const cells = Array.from({ length: 6_000 }, (_, i) => cell('k', 10 * i, 0, { value: new Uint8Array(1_000) }))
    await expect(put(session, ...cells)).rejects.toMatchObject({ code: 'HBASE_REFUSED', retryable: false })
  })
})

describe('a description', () => {
  test('prints no secret and connects to nothing', () => {
    const described = hbaseStore({
      thrift: 'http://ann:secret@nowhere:1',
      table: 'ns:t',
      auth: { username: 'ann', password: 'secret' },
    })
    expect(described).toMatchObject({ kind: 'hbase(ns:t)', epochZeroOnly: true })
    expect(JSON.stringify(described)).not.toContain('secret')
  })

  test.each([
    [{ table: '' }, 'BAD_TABLE'],
    [{ table: 'a b' }, 'BAD_TABLE'],
    [{ salts: 0 }, 'BAD_LIMIT'],
    [{ salts: 129 }, 'BAD_LIMIT'],
    [{ connections: 0 }, 'BAD_LIMIT'],
    [{ keepFor: '2x' as '2d' }, 'BAD_DURATION'],
  ])('%j is refused at once', (options, code) => {
    expect(() => store(options)).toThrow(expect.objectContaining({ code }))
    expect(() => store(options)).toThrow(StreamError)
  })

  test('a signal ends what is open', async () => {
    const abort = new AbortController()
    const session = await store().open({ name: 'a', windowMs: 10, signal: abort.signal })
    abort.abort()
    await expect(session.read([bytes('k')], 0, 10)).rejects.toMatchObject({ code: 'HBASE_CLOSED' })
    await expect(store().open({ name: 'a', windowMs: 10, signal: abort.signal })).rejects.toMatchObject({
      code: 'HBASE_CLOSED',
    })
  })
})
