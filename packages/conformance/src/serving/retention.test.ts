// A range older than what is kept: an error that says so, or what there is; never fewer rows without a word.
import {
  type ColdStore,
  boundedOutOfOrderness,
  memoryColdStore,
  memoryHotStore,
  memoryLog,
  pipeline,
  tumbling,
} from '@tidemark/core'
import { type Row, servingTiers } from '@tidemark/serving'
import { virtualClock } from '@tidemark/testing'
import { expect, test } from 'vitest'

const NEVER = Number.NEGATIVE_INFINITY

/** A cold store that says how long it keeps results, and its windows: ends at 10 s, 20 s and 100 s. */
async function filled(keepForMs: number | undefined, memory: ColdStore = memoryColdStore(), retain?: number) {
  const clock = virtualClock(1_000_000)
  const log = memoryLog({ clock, ...(retain === undefined ? {} : { retain }) })
  const results = pipeline('counts')
    .from([1_000, 12_000, 95_000])
    .eventTime({ timestamp: (at) => at, watermark: boundedOutOfOrderness('1s') })
    .keyBy(() => 'all')
    .window(tumbling('10s'))
    .count()
    .to(log.sink)
  await results.start().done
  const hot = memoryHotStore({ serveForMs: 20_000, clock })
  const compose = (keepFor: number | undefined) =>
    servingTiers({
      results,
      log,
      hot,
      cold: keepFor === undefined ? memory : { ...memory, keepForMs: keepFor },
      clock,
    })
  const run = async (tiers: ReturnType<typeof compose>): Promise<void> => {
    const stop = new AbortController()
    const running = tiers.run({ signal: stop.signal })
    for (let current = false; !current; clock.advance(100)) {
      await new Promise((resolve) => setImmediate(resolve))
      const { partitions } = await tiers.health()
      current =
        partitions.length > 0 && partitions.every(({ logEnd, hot: at, cold }) => at === logEnd && cold === logEnd)
    }
    stop.abort()
    await running
  }
  const tiers = compose(keepForMs)
  await run(tiers)
  return { clock, log, tiers, compose, run }
}

const ends = (rows: readonly Row<string, number, { readonly end: number }>[]): number[] =>
  rows.map(({ window }) => window.end)

test('is refused, or read with the statement that some may be missing', async () => {
  const { tiers } = await filled(60_000)
  await expect(tiers.read({ key: 'all', from: 0, to: 200_000 })).rejects.toMatchObject({
    code: 'RANGE_EXPIRED',
    retryable: false,
    message: expect.stringMatching(/1970-01-01T00:00:00.000Z.*results up to 1970-01-01T00:00:4.*-Infinity/),
  })
  await expect(tiers.slice({ from: 0, to: 200_000 })[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: 'RANGE_EXPIRED',
  })
  const rows = await tiers.read({ key: 'all', from: 0, to: 200_000, incomplete: 'report' })
  expect(ends(rows)).toEqual([10_000, 20_000, 100_000])
  expect(rows.incomplete).toMatchObject([{ from: 0, why: expect.stringMatching(/keeps results/) }])
  await tiers.close()
})

test('is none for who asks for what is kept, or for the newest', async () => {
  const { tiers } = await filled(60_000)
  expect(ends(await tiers.read({ key: 'all', from: 50_000, to: 200_000 }))).toEqual([100_000])
  expect(ends(await tiers.read({ key: 'all', from: NEVER, to: 200_000 }))).toEqual([10_000, 20_000, 100_000])
  expect(ends(await tiers.latest({ key: 'all', windows: 3 }))).toEqual([100_000, 20_000, 10_000])
  await tiers.close()
})

test('begins later while the clock goes on and the watermark does not: results expire by the clock', async () => {
  const { clock, tiers } = await filled(60_000)
  const query = { key: 'all', from: 50_000, to: 200_000 } as const
  await tiers.read(query)
  clock.advance('30s')
  await expect(tiers.read({ ...query, incomplete: 'report' })).resolves.toMatchObject({
    incomplete: [{ from: 50_000, why: expect.stringMatching(/keeps results/) }],
  })
  await expect(tiers.read(query)).rejects.toMatchObject({ code: 'RANGE_EXPIRED' })
  await tiers.close()
})

test('is what the writer said, also to a reader who does not know; the shortest that was ever said holds', async () => {
  const { tiers, compose, run } = await filled(60_000)
  const reader = compose(undefined)
  await expect(reader.read({ key: 'all', from: 0, to: 200_000 })).rejects.toMatchObject({ code: 'RANGE_EXPIRED' })
  const longer = compose(600_000)
  await run(longer)
  await expect(longer.read({ key: 'all', from: 0, to: 200_000 })).rejects.toMatchObject({ code: 'RANGE_EXPIRED' })
  await Promise.all([tiers, reader, longer].map((one) => one.close()))
})

test('health() says up to where results may have expired: what is read from there on is whole', async () => {
  const { tiers, clock } = await filled(60_000)
  const { cold } = await tiers.health()
  expect(cold.goneTo).toBeGreaterThan(40_000)
  const rows = await tiers.read({ key: 'all', from: cold.goneTo, to: 200_000 })
  expect(ends(rows)).toEqual([100_000])
  await expect(tiers.read({ key: 'all', from: cold.goneTo - 1, to: 200_000 })).rejects.toMatchObject({
    code: 'RANGE_EXPIRED',
  })
  clock.advance('10s')
  expect((await tiers.health()).cold.goneTo).toBe(cold.goneTo + 10_000)
  await tiers.close()
})

test('health() says what the log has forgotten before a tier had it', async () => {
  const { tiers, log } = await filled(undefined, memoryColdStore(), 100)
  expect(await tiers.health()).toMatchObject({ cold: { goneTo: NEVER }, partitions: [{ logBegin: 0n }] })
  const said = { kind: 'progress', watermark: 96_000, tasks: 1, idle: false } as const
  log.append(Array.from({ length: 300 }, (_, task) => ({ ...said, task: `another ${task}` })))
  const { partitions, reasons } = await tiers.health()
  const [{ logBegin, cold } = { logBegin: undefined, cold: undefined }] = partitions
  expect(logBegin).toBeGreaterThan(cold as bigint)
  expect(reasons).toContain(`cold lacks what the log has no more of partition '0': ${cold} to ${logBegin}`)
  expect(reasons).toContain(`hot lacks what the log has no more of partition '0': ${cold} to ${logBegin}`)
  await tiers.close()
})

test('there is none where cold keeps results for ever', async () => {
  const { tiers } = await filled(undefined)
  expect(ends(await tiers.read({ key: 'all', from: -1e12, to: 200_000 }))).toEqual([10_000, 20_000, 100_000])
  await tiers.close()
})

test('cold must keep results for longer than hot serves them', async () => {
  await expect(filled(20_000)).rejects.toMatchObject({ code: 'BAD_TIERS', message: expect.stringMatching(/keepFor/) })
})
