// Slots that move between the masters of a cluster while a store is open.
import { createClient, createCluster } from '@redis/client'
import type { Cell, HotSession } from '@tidemark/core'
import { type Redis, canTest, startRedis } from '@tidemark/services'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisStore } from '../src/index.ts'
import { Layout } from '../src/store/layout.ts'
import { slotOf } from '../src/store/slots.ts'
import { type Client, bytes, cell } from './stage.ts'

type Ask = (...args: readonly (string | Buffer)[]) => Promise<unknown>

interface Node {
  readonly ask: Ask
  readonly id: string
  readonly port: number
}

const KEYS = Array.from({ length: 300 }, (_, i) => `key ${i}`)
const WINDOW = 10
/** Two buckets of each key. */
const ENDS = [10, 1_280, 1_290]

describe.skipIf(!(await canTest('redis')))('slots that move', () => {
  let server: Redis
  let client: Client
  let nodes: readonly Node[]
  const closing: (() => void)[] = []
  let names = 0

  beforeAll(async () => {
    server = await startRedis({ nodes: 3 })
    client = await clusterOf(server)
    nodes = await Promise.all(
      server.nodes.map(async ({ port }) => {
        const own = createClient({ socket: { host: '127.0.0.1', port } })
        own.on('error', () => {})
        await own.connect()
        closing.push(() => own.destroy())
        const ask: Ask = (...args) =>
          own.sendCommand(args as never, { typeMapping: { 36: Buffer, 37: Array } } as never) as Promise<unknown>
        return { ask, port, id: String(await ask('CLUSTER', 'MYID')) }
      }),
    )
  })
  afterAll(async () => {
    for (const close of closing) close()
    await server?.stop()
  })

  async function clusterOf({ nodes: [first] }: Redis): Promise<Client> {
    const cluster = createCluster({ rootNodes: [{ socket: { host: '127.0.0.1', port: first?.port as number } }] })
    cluster.on('error', () => {})
    await cluster.connect()
    closing.push(() => cluster.destroy())
    return cluster as unknown as Client
  }

  const open = (name: string, of = client): Promise<HotSession> =>
    redisStore({ client: of, serveFor: '1h', patience: '20s' }).open({ name, windowMs: WINDOW })

  const slotsOfKeys = (name: string): readonly number[] => {
    const layout = new Layout(name, WINDOW)
    return [...new Set(KEYS.map((key) => slotOf(layout.bucketKey(bytes(key), 0))))]
  }

  async function ownerOf(slot: number): Promise<Node> {
    const ranges = (await (nodes[0] as Node).ask('CLUSTER', 'SLOTS')) as [number, number, [unknown, number]][]
    const [, , [, port]] = ranges.find(([first, last]) => first <= slot && slot <= last) as (typeof ranges)[number]
    return nodes.find((node) => node.port === port) as Node
  }

  /** Moves a slot as the tool of Redis does; `between` comes where half of its keys have moved. */
  async function moveSlot(slot: number, to: Node, between?: () => Promise<void>): Promise<void> {
    const from = await ownerOf(slot)
    if (from === to) return
    const text = String(slot)
    await to.ask('CLUSTER', 'SETSLOT', text, 'IMPORTING', from.id)
    await from.ask('CLUSTER', 'SETSLOT', text, 'MIGRATING', to.id)
    const move = async (count: string): Promise<boolean> => {
      const keys = (await from.ask('CLUSTER', 'GETKEYSINSLOT', text, count)) as readonly Buffer[]
      if (keys.length > 0) await from.ask('MIGRATE', '127.0.0.1', String(to.port), '', '0', '5000', 'KEYS', ...keys)
      return keys.length > 0
    }
    await move('1')
    await between?.()
    while (await move('100'));
    for (const node of [to, from, ...nodes]) await node.ask('CLUSTER', 'SETSLOT', text, 'NODE', to.id)
    // Else the next move may reach a master before the word of this one, and Redis itself drops its keys (docs/redis.md).
    while (new Set(await Promise.all(nodes.map(slotsAt))).size > 1);
  }

  /** Who has which slots since when (the epochs of the cluster's configuration), as one node sees it. */
  async function slotsAt({ ask }: Node): Promise<string> {
    const lines: readonly string[] = String(await ask('CLUSTER', 'NODES'))
      .trimEnd()
      .split('\n')
    const views = lines.map((line) => {
      const [id, , , , , , epoch, , ...slots] = line.split(' ')
      return [id, epoch, ...slots.filter((slot) => !slot.startsWith('['))].join(' ')
    })
    return views.sort().join('\n')
  }

  const cellsOf = (revision: number): readonly Cell[] =>
    KEYS.flatMap((key) => ENDS.map((end) => cell(key, end, revision)))

  async function write(session: HotSession, cells: readonly Cell[]): Promise<void> {
    const writes = session.shards.map((shard) => {
      const own = cells.filter(({ key }) => session.shardOf(key) === shard)
      return session.write(shard, own, { watermark: 0 })
    })
    await Promise.all(writes)
  }

  const revisions = (cells: readonly Cell[]): readonly string[] =>
    cells.map(({ key, end, revision }) => `${Buffer.from(key).toString()} ${end} v${revision}`).sort()

  async function sliced(session: HotSession): Promise<readonly Cell[]> {
    const cells: Cell[] = []
    for await (const part of session.slice(0, 2_000)) cells.push(...part)
    return cells
  }

  test('results are written and read by key all the time, and are the newest at the end', async () => {
    const name = `moving ${names++}`
    const session = await open(name)
    await write(session, cellsOf(0))
    let [revision, moving] = [0, true]
    const writing = (async () => {
      while (moving) {
        await write(session, cellsOf(++revision))
        const { cells } = await session.read(KEYS.slice(0, 50).map(bytes), 0, 2_000)
        expect(cells.flat().map((each) => each.revision)).toEqual(Array(150).fill(revision))
      }
    })()
    const slots = slotsOfKeys(name)
    for (const [i, slot] of slots.slice(0, 60).entries()) await moveSlot(slot, nodes[i % 3] as Node)
    moving = false
    await writing
    expect(revision).toBeGreaterThan(1)
    const expected = revisions(cellsOf(revision))
    expect(revisions((await session.read(KEYS.map(bytes), 0, 2_000)).cells.flat())).toEqual(expected)
    expect(revisions(await sliced(session))).toEqual(expected)
  })

  test('half of a slot: keys are read at both ends of it, and what asks for all keys is refused', async () => {
    const name = `half ${names++}`
    const session = await open(name)
    await write(session, cellsOf(1))
    const [slot = 0] = slotsOfKeys(name)
    const from = await ownerOf(slot)
    const to = nodes.find((node) => node !== from) as Node
    const refused = { code: 'REDIS_RESHARDED', retryable: true }
    await moveSlot(slot, to, async () => {
      const { cells } = await session.read(KEYS.map(bytes), 0, 2_000)
      expect(revisions(cells.flat())).toEqual(revisions(cellsOf(1)))
      await expect(sliced(session)).rejects.toMatchObject(refused)
      await expect(session.evict(20)).rejects.toMatchObject(refused)
      await expect(session.extend(10_000_000)).rejects.toMatchObject(refused)
    })
    expect(revisions(await sliced(session))).toEqual(revisions(cellsOf(1)))
  })

  test('a slot that moves while all keys are gone through is told at the end', async () => {
    const name = `meanwhile ${names++}`
    const session = await open(name)
    await write(session, cellsOf(1))
    const [slot = 0] = slotsOfKeys(name)
    const from = await ownerOf(slot)
    const walk = async (): Promise<void> => {
      let first = true
      for await (const _ of session.slice(0, 2_000)) {
        if (first) await moveSlot(slot, nodes.find((node) => node !== from) as Node)
        first = false
      }
    }
    // More than one part, so that it moves in between.
    const many = Array.from({ length: 1_500 }, (_, i) => cell(`more ${i}`, 10, 1))
    await write(session, many)
    await expect(walk()).rejects.toMatchObject({ code: 'REDIS_RESHARDED', retryable: true })
  })

  test('a position does not speak for slots that came or went: who opens again finds none there', async () => {
    const name = `position ${names++}`
    const session = await open(name)
    const to = { offset: 7n, watermark: 70 }
    const move = { partition: 'p', from: undefined, to }
    for (const shard of session.shards) await session.write(shard, [], { watermark: 70, move })
    const [slot = 0] = slotsOfKeys(name)
    const from = await ownerOf(slot)
    const gone = session.shardOf(
      bytes(KEYS.find((key) => slotOf(new Layout(name, WINDOW).bucketKey(bytes(key), 0)) === slot) ?? ''),
    )
    const target = nodes.find((node) => node !== from) as Node
    await moveSlot(slot, target)

    const next = await open(name)
    const kept = [...(await next.state())].filter(([, { applied }]) => applied.size > 0)
    expect(next.shards).toHaveLength(3)
    // Two of three masters have other slots than before.
    expect(kept).toHaveLength(1)
    expect(session.shards).toContain(kept[0]?.[0])

    // The session that is still open finds out by itself, before it can say that it went on.
    const step = (): Promise<unknown> =>
      session.write(gone, [], { watermark: 80, move: { ...move, from: 7n, to: { offset: 9n, watermark: 80 } } })
    await expect
      .poll(() => step().catch((error: unknown) => (error as { code: string }).code), { timeout: 5_000 })
      .toBe('REDIS_RESHARDED')
    expect(session.shards.toSorted()).toEqual(next.shards.toSorted())

    // What the next writer says there is all there is, should the slot come back.
    for (const shard of next.shards) {
      const at = (await next.state()).get(shard)?.applied.get('p')?.offset
      await next.write(shard, [], {
        watermark: 90,
        move: { partition: 'p', from: at, to: { offset: 11n, watermark: 90 } },
      })
    }
    await moveSlot(slot, from)
    const back = await open(name)
    const offsets = [...(await back.state()).values()].map(({ applied }) => applied.get('p')?.offset)
    expect(offsets.filter((offset) => offset !== undefined)).toEqual([11n])
  })

  test('a client that knows the masters of before finds everything', async () => {
    const name = `late ${names++}`
    const late = await clusterOf(server)
    const session = await open(name, late)
    await write(await open(name), cellsOf(1))
    for (const slot of slotsOfKeys(name).slice(0, 20)) await moveSlot(slot, nodes[2] as Node)
    expect(revisions(await sliced(session))).toEqual(revisions(cellsOf(1)))
  })
})
