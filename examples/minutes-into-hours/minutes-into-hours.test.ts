import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type LateRecord, arrivalClock, collected, latestValues, memoryCheckpoints } from '@tidemark/core'
import { expect, test } from 'vitest'
import { type Hour, minutesIntoHours } from './job.ts'
import { recompute } from './recompute.ts'
import { type View, views } from './views.ts'

const all = views()

async function run(options: { readonly batchSize?: number; readonly durable?: boolean } = {}) {
  const minutes = latestValues<string, number>()
  const hours = latestValues<string, Hour>()
  const tooLate = collected<LateRecord<View>>()
  const { durable, ...rest } = options
  const job = minutesIntoHours(all, { minutes, hours, tooLate }).start({
    clock: arrivalClock(),
    ...rest,
    ...(durable === true ? { checkpoint: memoryCheckpoints() } : {}),
  })
  await job.done
  const rows = [...hours.entries()]
    .map(([page, { start }, value]) => ({ page, hour: start, ...value }))
    .toSorted((a, b) => a.hour - b.hour || (a.page < b.page ? -1 : 1))
  const refused = new Set(tooLate.items.map(({ value }) => value))
  return { rows, minutes, refused, metrics: job.metrics() }
}

test('the hours hold every minute once, with what it ends with', async () => {
  const { rows, refused } = await run()
  expect(refused.size).toBeGreaterThan(10)
  expect(rows.length).toBe(12)
  expect(rows).toEqual(recompute(all.filter((view) => !refused.has(view))))
})

test('minutes were refined and corrected on the way, and nothing is late for an hour', async () => {
  const { metrics, minutes, refused } = await run()
  const of = (name: string): number => metrics.get(name) ?? Number.NaN
  expect(of('minutes.earlyPanes')).toBeGreaterThan(1_000)
  expect(of('minutes.latePanes')).toBeGreaterThan(100)
  expect(of('minutes.tooLate')).toBe(refused.size)
  expect(of('hours.records')).toBe(of('minutes.earlyPanes') + of('minutes.onTimePanes') + of('minutes.latePanes'))
  // A result is the first of its minute, or takes the place of another.
  expect(of('hours.replaced')).toBe(of('hours.records') - minutes.size)
  expect(of('hours.tooLate')).toBe(0)
})

test('neither batches nor a checkpoint change the end', async () => {
  const { rows } = await run()
  expect((await run({ batchSize: 7 })).rows).toEqual(rows)
  expect((await run({ durable: true })).rows).toEqual(rows)
})

test('the command says so', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=@tidemark/source', main], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(stdout.match(/ same$/gm)).toHaveLength(12)
  expect(stdout).not.toContain('DIFFERENT')
  expect(stdout).toMatch(/early\n.*on-time\n(.*late\n)+.*late, final\n/)
})
