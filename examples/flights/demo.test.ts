import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { screenOf } from '../screen.ts'
import { recompute } from './batch.ts'
import { type Flight, loadFlights } from './data.ts'
import { crashed } from './crash.ts'
import { type DemoOptions, demo } from './demo.ts'
import { WATCHED } from './life.ts'
import type { Stores } from './run.ts'
import { inFolder, inMemory } from './stores.ts'

const HOUR_MS = 3_600_000

async function run(
  stores: Stores,
  options?: DemoOptions,
): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  let text = ''
  const screen = screenOf({ write: (more) => (text += more) }, {})
  const code = await demo(screen, stores, options)
  return { code, lines: text.trimEnd().split('\n') }
}

let path: string
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tidemark-demo-'))
})
afterEach(() => rmSync(path, { recursive: true, force: true }))

/** Sorted: in which of two hours something comes to cold depends on how busy the machine is; that it does, does not. */
const EVERY_STATE: readonly string[] = [
  'an early pane: provisional',
  'the on-time pane: complete',
  'in cold too',
  'a late update, to hot',
  'the late update, to cold',
  'final: its state is freed',
  'a flight landed too late: a correction, to hot',
  'the correction, to cold',
  'offloaded: the boundary has passed',
  'evicted: hot has let go',
].toSorted()

function lifeIn(lines: readonly string[]): readonly string[] {
  const at = lines.findIndex((line) => line.startsWith('The life of one result'))
  const life = lines.slice(at + 2, lines.indexOf('', at + 1))
  return life.map((line) => line.slice(16, 64).trimEnd()).toSorted()
}

test('the demo goes through every state of a result, and all answers equal the batch recomputation', async () => {
  const { code, lines } = await run(inMemory())
  expect(lines.at(-1)).toBe('✔ 48,748 results, equal to the batch recomputation')
  expect(code).toBe(0)
  expect(lifeIn(lines)).toEqual(EVERY_STATE)
  const hot = lines.find((line) => line.startsWith('  hot, with every policy'))
  expect(hot?.trim().split(/\s{2,}/)).toEqual([
    'hot, with every policy of cold',
    '17,830',
    '16,772',
    '874',
    '58',
    '35,534',
  ])
  const shown = lines.slice(lines.findIndex((line) => line.startsWith('One query across both tiers')))
  const tiers = shown.flatMap((line) => / (cold|hot) +final$/.exec(line)?.[1] ?? [])
  expect(tiers).toHaveLength(20)
  expect(new Set(tiers)).toEqual(new Set(['cold', 'hot']))
  expect(tiers).toEqual(tiers.toSorted())
  expect(lines.filter((line) => line.length > 100)).toEqual([])
}, 240_000)

test('in a folder the same, and a second process in it finds everything done', async () => {
  const all = loadFlights()
  const minute = (of: Flight | undefined): number => (of?.landedAt ?? 0) % HOUR_MS
  // The hours of a run begin at the minute of its first flight.
  const begins = all.findIndex((of) => of.landedAt > WATCHED.start - 24 * HOUR_MS && minute(of) === minute(all[0]))
  const flights = all.slice(begins).filter(({ landedAt }) => landedAt < WATCHED.end + 15 * 24 * HOUR_MS)
  const first = await run(inFolder(path), { flights })
  expect(first.code).toBe(0)
  expect(lifeIn(first.lines)).toEqual(EVERY_STATE)
  expect(first.lines.at(-1)).toMatch(/^✔ [\d,]+ results, equal to the batch recomputation$/)
  const again = await run(inFolder(path), { flights, again: true })
  expect(again.code).toBe(0)
  expect(again.lines.at(-1)).toBe(first.lines.at(-1))
}, 240_000)

test('killed twice, it goes on', async () => {
  const text: string[] = []
  const screen = screenOf({ write: (more) => text.push(more) }, {})
  expect(await crashed(screen, path, { kills: 2, flights: 600 })).toBe(0)
  expect(text.filter((line) => line.includes('killed at'))).toHaveLength(2)
}, 240_000)

test('an answer that differs fails the demo', async () => {
  const some = loadFlights().slice(0, 1_000)
  const { code, lines } = await run(inMemory(), {
    flights: some,
    batch: (of, periodMs) => recompute(of.slice(1), periodMs),
  })
  expect(code).toBe(1)
  // The flight that the batch is not told of: its hour and its day, of both policies.
  expect(lines.at(-1)).toMatch(/^✘ [\d,]+ results, 4 differences from the batch recomputation$/)
  expect(lines.at(-2)).toContain('LAS@')
}, 30_000)
