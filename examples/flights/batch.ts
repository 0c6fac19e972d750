/**
 * The same questions answered without the engine: plain loops over the whole file, exact percentiles by sorting, and the
 * comparison. Nothing here imports Tidemark.
 */
import type { Flight } from './data.ts'

export interface Answer {
  readonly flights: number
  readonly meanDelay: number
  readonly p95Delay: number
}
/** By `JFK@978307200000`: the airport and when the hour or day begins. */
export type Answers = ReadonlyMap<string, Answer>

/** How far a percentile of a sketch may be from the true one, as a share of it. */
export const ACCURACY = 0.01

export function nameOf(origin: string, start: number): string {
  return `${origin}@${start}`
}

/** Per airport and period, in UTC. */
export function recompute(flights: readonly Flight[], periodMs: number): Answers {
  const delays = new Map<string, number[]>()
  for (const { origin, at, delayMin } of flights) {
    const name = nameOf(origin, Math.floor(at / periodMs) * periodMs)
    const known = delays.get(name)
    if (known === undefined) delays.set(name, [delayMin])
    else known.push(delayMin)
  }
  return new Map([...delays].map(([name, of]) => [name, answer(of)]))
}

function answer(delays: readonly number[]): Answer {
  const sorted = delays.toSorted((a, b) => a - b)
  const rank = Math.floor(0.95 * (sorted.length - 1))
  const sum = delays.reduce((total, delay) => total + delay, 0)
  return { flights: delays.length, meanDelay: sum / delays.length, p95Delay: sorted[rank] ?? Number.NaN }
}

/** Every difference in words; none when both say the same. Sums in another order may differ in a mean's last digits. */
export function differences(found: Iterable<readonly [string, Answer]>, wanted: Answers): readonly string[] {
  const wrong: string[] = []
  const seen = new Set<string>()
  for (const [name, is] of found) {
    if (seen.has(name)) wrong.push(`${name}: found twice`)
    seen.add(name)
    const should = wanted.get(name)
    if (should === undefined || !same(is, should))
      wrong.push(`${name}: found ${show(is)}, the batch says ${should === undefined ? 'nothing' : show(should)}`)
  }
  for (const [name, should] of wanted)
    if (!seen.has(name)) wrong.push(`${name}: missing, the batch says ${show(should)}`)
  return wrong
}

function same(is: Answer, should: Answer): boolean {
  return (
    is.flights === should.flights &&
    Math.abs(is.meanDelay - should.meanDelay) < 1e-9 &&
    Math.abs(is.p95Delay - should.p95Delay) <= ACCURACY * Math.abs(should.p95Delay) + 1e-9
  )
}

function show({ flights, meanDelay, p95Delay }: Answer): string {
  return `${flights} flights, mean ${meanDelay.toFixed(3)}, p95 ${p95Delay.toFixed(2)}`
}
