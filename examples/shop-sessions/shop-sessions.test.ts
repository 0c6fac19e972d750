import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type DeadLetter, type LateRecord, type Pane, collected, latestValues } from '@tidemark/core'
import { expect, test } from 'vitest'
import { type Click, type Visit, shop } from './job.ts'

const lines = [
  'ann 09:05 0',
  'ann 09:20 1990',
  'bob 09:30 0',
  'ann 09:50 500',
  'eve 9.55h free',
  'bob 10:30 2500',
  'ann 11:15 700',
  'bob 10:05 300',
  'ann 13:00 0',
  'ann 10:10 900',
]
const minute = 60_000

async function run(): Promise<{
  visits: readonly Pane<string, Visit>[]
  hours: ReturnType<typeof latestValues<string, number>>
  tooLate: readonly LateRecord<Click>[]
  deadLetters: readonly DeadLetter[]
  metrics: ReadonlyMap<string, number>
}> {
  const visits = collected<Pane<string, Visit>>()
  const hours = latestValues<string, number>()
  const tooLate = collected<LateRecord<Click>>()
  const deadLetters = collected<DeadLetter>()
  const job = shop(lines, { visits, hours, tooLate, deadLetters }).start()
  await job.done
  return { visits: visits.items, hours, tooLate: tooLate.items, deadLetters: deadLetters.items, metrics: job.metrics() }
}

test('visits come once, final, and a late click moves the beginning of the visit it joins', async () => {
  const { visits } = await run()
  const bob = visits.filter((pane) => pane.kind === 'value' && pane.key === 'bob')
  expect(bob).toMatchObject([
    { window: { start: 570 * minute, end: 600 * minute }, value: { clicks: 1, cents: 0 }, isLast: true },
    { window: { start: 605 * minute, end: 660 * minute }, value: { clicks: 2, cents: 2800 }, isLast: true },
  ])
})

test('hours are corrected by what is late', async () => {
  const { hours } = await run()
  expect(hours.get('bob', { start: 600 * minute, end: 660 * minute })).toBe(2800)
  expect(hours.get('ann', { start: 600 * minute, end: 660 * minute })).toBe(900)
})

test('what is not counted is in the dead letters or the late output, and the accounts add up', async () => {
  const { tooLate, deadLetters, metrics } = await run()
  expect(deadLetters).toMatchObject([{ original: 'eve 9.55h free', code: 'USER_FUNCTION_THREW', stage: 'map' }])
  expect(tooLate).toMatchObject([
    { value: { customer: 'ann', cents: 900 }, reason: 'tooLate', latenessMs: 130 * minute },
  ])
  const of = (name: string): number => metrics.get(name) ?? Number.NaN
  for (const stage of ['visits', 'hours']) {
    expect(of(`${stage}.records`)).toBe(
      of(`${stage}.deadLettered`) + of(`${stage}.onTime`) + of(`${stage}.late`) + of(`${stage}.tooLate`),
    )
  }
})

test('the command says it line by line', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=@tidemark/source', main], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(stdout).toContain('visit        bob [10:05, 11:00) 2 clicks, 2800 cents\n')
  expect(stdout).toContain("dead letter  'eve 9.55h free' (USER_FUNCTION_THREW at map)\n")
  expect(stdout).toContain('too late     ann 10:10: its visit [10:10, …) ended 130 minutes ago\n')
})
