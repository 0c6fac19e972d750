/** Owns what the demo prints. */
import { type Screen, columns, date, day, time } from '../screen.ts'
import { type FlightRow, type Sight, WATCHED } from './life.ts'
import { type Finished, POLICIES, type Policy, heldAs } from './run.ts'
import { type Written, writtenOf } from './writes.ts'

export function title(screen: Screen, text: string): void {
  screen.line()
  screen.line(screen.paint('bold', text))
}

export function opening(screen: Screen, flights: number, where: string): void {
  screen.line(
    screen.paint('bold', `${flights.toLocaleString('en-US')} flights of early 2001, each told of when it has landed`),
  )
  screen.line('  per airport and hour of departure: how many, how late on average, and the 95th percentile')
  screen.line(`  log → hot for 14 days, and cold: ${where}`)
}

const LIFE = [14, 48, 5, 6, 9, 13, -3]

export function lifeHeader(screen: Screen): void {
  const { origin, start, end } = WATCHED
  title(screen, `The life of one result: ${origin}, departures ${time(start).trim()} to ${time(end).slice(-5)}`)
  screen.line(screen.paint('dim', `  ${columns(LIFE, ['by the clock', '', 'hot', 'cold', 'answers', 'as', 'n'])}`))
}

export function lifeLine(screen: Screen, now: number, what: string, { hot, cold, row }: Sight): void {
  const mark = (cells: readonly unknown[]): string => (cells.length > 0 ? '●' : '·')
  const answer = row === undefined ? ['', '', ''] : [row.tier, row.status, row.value.flights]
  screen.line(`  ${columns(LIFE, [time(now), what, mark(hot), mark(cold), ...answer])}`)
}

const WRITES = [44, -9, -9, -9, -13, -10]

export function writes(screen: Screen, { hotWrites, coldWrites }: Finished, again: boolean): void {
  title(screen, `Writes per tier and policy${again ? ', since the last start' : ''}`)
  screen.line(screen.paint('dim', `  ${columns(WRITES, ['', 'early', 'on time', 'late', 'corrections', 'all'])}`))
  const line = (name: string, { early, onTime, late, corrections }: Written): void =>
    screen.line(`  ${columns(WRITES, [name, early, onTime, late, corrections, early + onTime + late + corrections])}`)
  const [{ version: first }] = POLICIES as [Policy]
  line('hot, with every policy of cold', writtenOf(hotWrites, heldAs(hotWrites, first)))
  for (const { version, text } of POLICIES) line(`cold, ${text}`, writtenOf(coldWrites, heldAs(coldWrites, version)))
}

const QUERY = [16, -9, -13, -11, 4, 7, 12]

export function query(screen: Screen, origin: string, boundary: number, rows: readonly FlightRow[]): void {
  title(screen, `One query across both tiers: ${origin} per day; cold answers up to ${time(boundary).trim()}`)
  screen.line(screen.paint('dim', `  ${columns(QUERY, ['', 'flights', 'mean delay', 'p95', '', 'from', 'which is'])}`))
  for (const { window, value, tier, status } of rows) {
    const { flights, meanDelay, p95Delay } = value
    const minutes = [meanDelay, p95Delay].map((delay) => `${delay.toFixed(1)} min`)
    screen.line(`  ${columns(QUERY, [day(window.start), flights, ...minutes, '', tier, status])}`)
  }
}

export function progress(screen: Screen, now: number, records: number, all: number, last: boolean): void {
  const length = Math.min(30, screen.width - 40)
  const done = Math.round((records / all) * length)
  const bar = `${screen.paint('cyan', '━'.repeat(done))}${screen.paint('dim', '─'.repeat(length - done))}`
  screen.status(`  ${bar} ${records.toLocaleString('en-US')} flights · ${date(now)} 2001`, last)
}

export function verdict(screen: Screen, compared: number, wrong: readonly string[]): number {
  const count = compared.toLocaleString('en-US')
  title(screen, 'The account')
  for (const difference of wrong.slice(0, 20)) screen.line(`  ${difference}`)
  if (wrong.length > 20) screen.line(`  and ${wrong.length - 20} more`)
  if (wrong.length === 0) {
    screen.line(screen.paint('green', `✔ ${count} results, equal to the batch recomputation`))
    return 0
  }
  const some = `${wrong.length} ${wrong.length === 1 ? 'difference' : 'differences'}`
  screen.line(screen.paint('red', `✘ ${count} results, ${some} from the batch recomputation`))
  return 1
}
