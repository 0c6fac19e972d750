/** Owns what the demo does: three months of flights through a log into a hot and a cold store, and the proof that both are right. */
import { type Screen } from '../screen.ts'
import { type Answer, type Answers, differences, nameOf, recompute } from './batch.ts'
import { type Flight, loadFlights } from './data.ts'
import { type FlightTiers, type Sight, WATCHED, changes, isOver, look } from './life.ts'
import { lifeHeader, lifeLine, opening, progress, query, title, verdict, writes } from './report.ts'
import { type Finished, POLICIES, type Stores, run } from './run.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Whose days are shown, and how many. */
const SHOWN = { origin: 'ATL', days: 21 } as const
/** How often the progress is told, in looks. */
const TELL_EVERY = 25

export type Batch = (flights: readonly Flight[], periodMs: number) => Answers

export interface DemoOptions {
  readonly flights?: readonly Flight[]
  /** What every answer is compared with. */
  readonly batch?: Batch
  /** The stores have what an earlier process left, which has said the beginning. */
  readonly again?: boolean
  readonly onProgress?: (records: number) => void
}

/** Runs, reports and compares; answers the exit code. */
export async function demo(screen: Screen, stores: Stores, options: DemoOptions = {}): Promise<number> {
  const { flights = loadFlights(), batch = recompute, onProgress = () => {} } = options
  if (!options.again) opening(screen, flights.length, stores.name)
  if (!options.again) lifeHeader(screen)
  let seen: Sight | undefined
  let known = options.again !== true
  let looks = 0
  const finished = await run(flights, stores, {
    onLook: async (now, tiers, stored, records) => {
      if (now >= WATCHED.start && (seen === undefined || !isOver(seen))) {
        const sight = await look(tiers, stored)
        // What was there before this process has been told.
        if (known) for (const what of changes(seen, sight)) lifeLine(screen, now, what, sight)
        known = true
        seen = sight
      }
      onProgress(records)
      if (looks++ % TELL_EVERY === 0) progress(screen, now, records, flights.length, false)
    },
    onAlarm: ({ message }) => screen.line(`  ${screen.paint('yellow', message)}`),
  })
  try {
    writes(screen, finished, options.again === true)
    return await compare(screen, finished, flights, batch)
  } finally {
    await finished.close()
  }
}

/** Every hour and every day of every airport, by every policy, as they are read across the boundary. */
async function compare(screen: Screen, { tiers }: Finished, flights: readonly Flight[], batch: Batch): Promise<number> {
  const [first] = tiers as readonly [FlightTiers]
  const to = Math.ceil((flights.at(-1) as Flight).landedAt / DAY_MS) * DAY_MS
  const { boundary } = await first.health()
  const days = await first.read({ key: SHOWN.origin, from: to - SHOWN.days * DAY_MS, to, rollUp: '1d' })
  query(screen, SHOWN.origin, boundary, days)
  title(screen, 'What is asked of the tiers, beside a loop over all flights')
  const keys = [...new Set(flights.map(({ origin }) => origin))]
  const [hours, perDay] = [batch(flights, HOUR_MS), batch(flights, DAY_MS)]
  const wrong: string[] = []
  let compared = 0
  for (const [i, one] of tiers.entries()) {
    const inHours: [string, Answer][] = []
    for await (const { key, window, value } of one.slice({ from: 0, to }))
      inHours.push([nameOf(key, window.start), value])
    const inDays = (await one.read({ keys, from: 0, to, rollUp: '1d' })).map(
      ({ key, window, value }) => [nameOf(key, window.start), value] as const,
    )
    wrong.push(...differences(inHours, hours), ...differences(inDays, perDay))
    compared += inHours.length + inDays.length
    const counts = [inHours, inDays].map(({ length }) => length.toLocaleString('en-US'))
    screen.line(
      `  cold by ${POLICIES[i]?.text}: ${counts[0]} hours of all airports by slice, ${counts[1]} days by read`,
    )
  }
  return verdict(screen, compared, wrong)
}
