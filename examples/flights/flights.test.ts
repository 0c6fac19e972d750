import { arrivalClock, latestValues, replay } from '@tidemark/core'
import { expect, test } from 'vitest'
import { type Answer, differences, nameOf, recompute } from './batch.ts'
import { type Flight, loadFlights } from './data.ts'
import { delaysByHour } from './job.ts'

const HOUR_MS = 3_600_000
const flights = loadFlights()

test('20,000 flights of three months, in the order in which they landed', () => {
  expect(flights).toHaveLength(20_000)
  expect(new Set(flights.map(({ id }) => id)).size).toBe(20_000)
  expect(flights.filter((flight, i) => i > 0 && flight.landedAt < (flights[i - 1] as Flight).landedAt)).toEqual([])
  // Many records are older than one before them: that is what the job is about.
  let newest = 0
  const behind = flights.filter(({ at }) => at < (newest = Math.max(newest, at)))
  expect(behind.length).toBeGreaterThan(10_000)
})

test('what the stream says in the end is what the batch says, but for flights that came too late', async () => {
  const table = latestValues<string, Answer>()
  const job = delaysByHour(replay(flights, { arrivedAt: (flight) => flight.landedAt }))
    .to(table)
    .start({ clock: arrivalClock() })
  await job.done
  const found = [...table.entries()].map(([key, { start }, value]) => [nameOf(key, start), value] as const)
  const tooLate = job.metrics().get('window.tooLate') ?? 0
  expect(tooLate).toBeLessThan(100)
  expect(differences(found, recompute(flights, HOUR_MS)).length).toBeLessThanOrEqual(tooLate)
  expect(found.reduce((sum, [, { flights: count }]) => sum + count, 0)).toBe(20_000 - tooLate)
})

test('the comparison finds what is wrong, missing and double', () => {
  const batch = recompute(flights.slice(0, 100), HOUR_MS)
  const all = [...batch]
  const [[name, answer] = ['', undefined]] = all
  expect(differences(all, batch)).toEqual([])
  expect(differences(all.slice(1), batch)).toEqual([expect.stringMatching(`${name}: missing`)])
  expect(differences([...all, [name, answer as Answer]], batch)).toEqual([`${name}: found twice`])
  const wrong = { ...(answer as Answer), flights: 1_000 }
  expect(differences([[name, wrong], ...all.slice(1)], batch)).toEqual([expect.stringMatching('found 1000 flights')])
})
