/**
 * What a window costs in HBase, beside blind puts and scans by the same codec and connections: `stores.ts ADDRESS RUNS`.
 * Prints a figure per line as JSON; `npm run bench:stores` starts HBase and makes the table.
 */
import { performance } from 'node:perf_hooks'
import type { Cell } from '@tidemark/core'
import { Gateway } from '../src/client/gateway.ts'
import { gatewaySettings } from '../src/client/options.ts'
import { hbaseStore } from '../src/index.ts'
import { FAMILY, Layout, type Stored, storedCell } from '../src/store/layout.ts'
import { inParallel } from '../src/store/parallel.ts'
import { putMultiple, scanRows } from '../src/thrift/methods.ts'
import { PutBatch } from '../src/thrift/put-batch.ts'

const HOUR = 3_600_000
/** The hours of 14 days. */
const HOURS = 336
const ROWS = 60_000
const BATCH = 20_000
const LIMITS = { puts: 1_000, bytes: 1_000_000 }
const READS = 150
const SALTS = 4
const VALUE = new Uint8Array(48).fill(7)

const [thrift = '', runs] = process.argv.slice(2)
const where = { thrift, table: 'bench', salts: SALTS, warn: () => {} }
const gateway = new Gateway(gatewaySettings({ thrift }, 'bench'))
const table = Buffer.from(where.table)

const say = (row: string, measure: string, value: number): void => console.log(JSON.stringify({ row, measure, value }))

const cellAt = (key: number, hour: number): Cell => ({
  key: new Uint8Array(Buffer.from(`/page/${String(key).padStart(6, '0')}`)),
  start: HOUR * (hour - 1),
  end: HOUR * hour,
  correction: '',
  epoch: 0,
  revision: 2,
  value: VALUE,
})
/** A window of each of many keys, as results come: each in a row of its own. */
const cells = Array.from({ length: ROWS }, (_, i) => cellAt(i, 1))

function ready(name: string, of: readonly Cell[]): readonly (readonly [Buffer, Stored])[] {
  const layout = new Layout({ aggregation: name, salts: SALTS, windowMs: HOUR })
  return of.map((cell) => [layout.rowOf(layout.prefixOf(cell.key), cell.end), storedCell(cell)])
}

interface Cost {
  readonly perSecond: number
  readonly cpuMicros: number
}

async function cost(work: () => Promise<void>): Promise<Cost> {
  const [cpu, began] = [process.cpuUsage(), performance.now()]
  await work()
  const seconds = (performance.now() - began) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: ROWS / seconds, cpuMicros: (user + system) / ROWS }
}

/** Of two that took turns: all windows in the time of both. */
function mean(one: Cost, other: Cost): Cost {
  return {
    perSecond: 2 / (1 / one.perSecond + 1 / other.perSecond),
    cpuMicros: (one.cpuMicros + other.cpuMicros) / 2,
  }
}

/** Puts of what is ready. */
async function blindly(name: string): Promise<Cost> {
  const puts = ready(name, cells)
  const sends = function* (from: number): Generator<() => Promise<undefined>> {
    const batch = new PutBatch(table, FAMILY, LIMITS)
    for (const [row, { qualifier, tag, value, timestamp }] of puts.slice(from, from + BATCH)) {
      if (!batch.fits(1, row.length + qualifier.length + value.length)) yield send(batch)
      batch.begin(row)
      batch.cell(qualifier, tag, value, timestamp)
      batch.end(undefined)
    }
    yield send(batch)
  }
  const send = (batch: PutBatch): (() => Promise<undefined>) => {
    const message = batch.take()
    return () => gateway.call(putMultiple(message))
  }
  return cost(async () => {
    for (let from = 0; from < ROWS; from += BATCH) await inParallel(sends(from), gateway.parallel)
  })
}

async function ours(name: string): Promise<Cost> {
  const session = await hbaseStore(where).open({ name, windowMs: HOUR })
  const found = await cost(async () => {
    for (let at = 0; at < ROWS; at += BATCH) await session.put(cells.slice(at, at + BATCH), { watermark: 0 })
  })
  await session.close()
  return found
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

/** 14 days of one key after the other, one blind scan and the store in turn, µs. */
async function reads(name: string, keys: number): Promise<{ readonly blind: number; readonly ours: number }> {
  const session = await hbaseStore(where).open({ name, windowMs: HOUR })
  const written = Array.from({ length: keys * HOURS }, (_, i) => cellAt(Math.floor(i / HOURS), 1 + (i % HOURS)))
  await session.put(written, { watermark: 0 })
  const layout = new Layout({ aggregation: name, salts: SALTS, windowMs: HOUR })
  const times = { blind: [] as number[], ours: [] as number[] }
  for (let i = 0; i < READS; i++) {
    const { key } = cellAt(i % keys, 1)
    const range = layout.rowsOf(layout.prefixOf(key), 0, HOURS * HOUR)
    if (range === undefined) throw new Error('no rows')
    const began = performance.now()
    const rows = await gateway.call(scanRows(table, FAMILY, { start: range.start, stop: range.stop, rows: 16 }))
    const between = performance.now()
    const [found] = await session.read([key], 0, HOURS * HOUR)
    times.ours.push(performance.now() - between)
    times.blind.push(between - began)
    const counts = [rows.reduce((sum, row) => sum + row.cells.length, 0), found?.length]
    if (counts.some((count) => count !== HOURS)) throw new Error(`read ${counts.join(' and ')} windows, not ${HOURS}`)
  }
  await session.close()
  return { blind: 1_000 * median(times.blind), ours: 1_000 * median(times.ours) }
}

// The table, and a server that has compiled what it runs.
await (await hbaseStore(where).open({ name: 'warm', windowMs: HOUR })).close()
await blindly('warm')
await ours('warm')
for (let run = 0; run < Number(runs); run++) {
  // In turn, each first and second: whoever comes later finds a server that is busier.
  const firstOurs = await ours(`ours ${run}`)
  const theirs = mean(await blindly(`blind ${run}`), await blindly(`blind again ${run}`))
  const mine = mean(firstOurs, await ours(`ours again ${run}`))
  say('write, a row for each window', 'blind, k windows/s', theirs.perSecond / 1_000)
  say('write, a row for each window', 'ours, k windows/s', mine.perSecond / 1_000)
  say('write, a row for each window', 'ours beside blind', mine.perSecond / theirs.perSecond)
  say('write, a row for each window', 'client CPU, blind, µs/window', theirs.cpuMicros)
  say('write, a row for each window', 'client CPU, ours, µs/window', mine.cpuMicros)
  const read = await reads(`read ${run}`, 20)
  say('read 14 days of a key', 'blind, µs', read.blind)
  say('read 14 days of a key', 'ours, µs', read.ours)
  say('read 14 days of a key', 'ours beside blind', read.ours / read.blind)
}
gateway.close()
