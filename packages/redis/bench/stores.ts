/**
 * What a window costs in Redis, beside blind commands of the same client: `stores.ts PORT RUNS`, on a server with nothing in
 * it. Prints a figure per line as JSON; `npm run bench:stores` starts the server and makes the table.
 */
import { performance } from 'node:perf_hooks'
import { createClient } from '@redis/client'
import { type Cell, type HotSession, compareVersions } from '@tidemark/core'
import { type RedisSlice, redisStore } from '../src/index.ts'
import { Layout, encodeField, encodeValue } from '../src/store/layout.ts'

const HOUR = 3_600_000
/** The hours of 14 days. */
const HOURS = 336
const KEYS = 600
/** As many as a store has on their way. */
const CALLS = 32
const WINDOWS_PER_CALL = 200
const BATCH = 10_000
const READS = 400
const VALUE = new Uint8Array(48).fill(7)

const [port, runs] = process.argv.slice(2).map(Number) as [number, number]
const client = createClient({ socket: { host: '127.0.0.1', port }, disableOfflineQueue: true })
await client.connect()
const ask = (args: readonly (string | Buffer)[]): Promise<unknown> =>
  client.sendCommand(args as never, { typeMapping: { 36: Buffer, 37: Array }, timeout: undefined } as never)
const usedBytes = async (): Promise<number> =>
  Number(/^used_memory:(\d+)/m.exec(String(await ask(['INFO', 'memory'])))?.[1])

const say = (row: string, measure: string, value: number): void => console.log(JSON.stringify({ row, measure, value }))

const keyOf = (key: number): Uint8Array => new Uint8Array(Buffer.from(`/page/${String(key).padStart(6, '0')}`))
const cellAt = (key: number, hour: number): Cell => ({
  key: keyOf(key),
  start: HOUR * (hour - 1),
  end: HOUR * hour,
  correction: '',
  epoch: 0,
  revision: 2 * hour,
  value: VALUE,
})
/** Hour after hour of all keys, as results come. */
const byHour = Array.from({ length: KEYS * HOURS }, (_, i) => cellAt(i % KEYS, 1 + Math.floor(i / KEYS)))
/** 16 hours of a key together, as after a time away. */
const byKey = Array.from({ length: KEYS * HOURS }, (_, i) => {
  const block = Math.floor(i / 16)
  return cellAt(block % KEYS, 1 + 16 * Math.floor(block / KEYS) + (i % 16))
})

interface Cost {
  readonly perSecond: number
  readonly cpuMicros: number
  readonly serverMicros: number
}

async function serverCpuMicros(): Promise<number> {
  const info = String(await ask(['INFO', 'cpu']))
  const seconds = [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)]
  return seconds.reduce((sum, [, text]) => sum + 1e6 * Number(text), 0)
}

async function cost(windows: number, work: () => Promise<void>): Promise<Cost> {
  const server = await serverCpuMicros()
  const [cpu, began] = [process.cpuUsage(), performance.now()]
  await work()
  const seconds = (performance.now() - began) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  const serverMicros = ((await serverCpuMicros()) - server) / windows
  return { perSecond: windows / seconds, cpuMicros: (user + system) / windows, serverMicros }
}

/** HSET of what is ready, one after the other without waiting, fields of one key in one call. */
async function blindly(name: string, cells: readonly Cell[]): Promise<Cost> {
  const layout = new Layout(name, HOUR)
  const commands: { readonly args: (string | Buffer)[]; count: number }[] = []
  let last = ''
  for (const cell of cells) {
    const bucket = layout.bucketOf(cell.end)
    const redisKey = layout.bucketKey(cell.key, bucket)
    const pair = [encodeField(cell, bucket), Buffer.from(encodeValue(cell))]
    const place = redisKey.toString('latin1')
    const open = commands.at(-1)
    if (open !== undefined && place === last) {
      open.args.push(...pair)
      open.count++
    } else commands.push({ args: ['HSET', redisKey, ...pair], count: 1 })
    last = place
  }
  const calls: (readonly (readonly (string | Buffer)[])[])[] = []
  for (let at = 0; at < commands.length;) {
    const from = at
    for (let size = 0; at < commands.length && size < WINDOWS_PER_CALL; at++) size += commands[at]?.count ?? 0
    calls.push(commands.slice(from, at).map(({ args }) => args))
  }
  return cost(cells.length, async () => {
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < calls.length) await Promise.all(calls[next++]?.map(ask) ?? [])
    }
    await Promise.all(Array.from({ length: CALLS }, lane))
  })
}

const open = (name: string): Promise<HotSession> =>
  redisStore({ client: client as unknown as RedisSlice, serveFor: '14d' }).open({ name, windowMs: HOUR })

async function compared(name: string, cells: readonly Cell[]): Promise<Cost> {
  const session = await open(name)
  return cost(cells.length, async () => {
    for (let at = 0; at < cells.length; at += BATCH) {
      const batch = cells.slice(at, at + BATCH)
      await session.write('0', batch, { watermark: batch[0]?.end ?? 0 })
    }
  })
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

/** 14 days of one key after the other, blind and by the store in turn, µs. */
async function reads(name: string): Promise<{ readonly blind: number; readonly ours: number }> {
  const session = await open(name)
  const layout = new Layout(name, HOUR)
  const [first, last] = [layout.bucketOf(1), layout.bucketOf(HOURS * HOUR)]
  const times = { blind: [] as number[], ours: [] as number[] }
  for (let i = 0; i < READS; i++) {
    const key = keyOf((i * 7) % KEYS)
    const ends: number[] = []
    for (let bucket = first; bucket <= last; bucket += layout.spanMs) ends.push(bucket)
    const began = performance.now()
    const flat = (await Promise.all(ends.map((end) => ask(['HGETALL', layout.bucketKey(key, end)])))) as Buffer[][]
    const between = performance.now()
    const { cells } = await session.read([key], 0, HOURS * HOUR)
    times.ours.push(performance.now() - between)
    times.blind.push(between - began)
    const found = [flat.reduce((sum, { length }) => sum + length / 2, 0), cells[0]?.length]
    if (found.some((count) => count !== HOURS))
      throw new Error(`read ${found.join(' and ')} windows, expected ${HOURS}`)
  }
  return { blind: 1_000 * median(times.blind), ours: 1_000 * median(times.ours) }
}

for (let run = 0; run < runs; run++) {
  for (const [row, cells] of [
    ['write, all keys hour by hour', byHour],
    ['write, 16 hours of a key together', byKey],
  ] as const) {
    await ask(['FLUSHALL'])
    const blind = await blindly(`blind ${run}`, cells)
    await ask(['FLUSHALL'])
    const empty = await usedBytes()
    const ours = await compared(`ours ${run}`, cells)
    say(row, 'blind, k windows/s', blind.perSecond / 1_000)
    say(row, 'ours, k windows/s', ours.perSecond / 1_000)
    say(row, 'ours beside blind', ours.perSecond / blind.perSecond)
    say(row, 'client CPU, blind, µs/window', blind.cpuMicros)
    say(row, 'client CPU, ours, µs/window', ours.cpuMicros)
    say(row, 'server CPU, blind, µs/window', blind.serverMicros)
    say(row, 'server CPU, ours, µs/window', ours.serverMicros)
    say(row, 'bytes/window', ((await usedBytes()) - empty) / cells.length)
  }
  const name = `ours ${run}`
  // What lies there is what was written, before anybody believes a time.
  const found = (await (await open(name)).read([keyOf(3)], 0, HOURS * HOUR)).cells[0] ?? []
  const expected = Array.from({ length: HOURS }, (_, i) => cellAt(3, i + 1))
  if (found.length !== HOURS || found.some((cell, i) => compareVersions(cell, expected[i] as Cell) !== 0))
    throw new Error(`read ${found.length} windows that are not what was written`)
  const { blind, ours } = await reads(name)
  say('read 14 days of a key', 'blind, µs', blind)
  say('read 14 days of a key', 'ours, µs', ours)
  say('read 14 days of a key', 'ours beside blind', ours / blind)
}
client.destroy()
