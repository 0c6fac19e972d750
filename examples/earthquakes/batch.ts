/**
 * The same question answered without the engine: plain loops over the whole file, and the comparison of both answers.
 * Nothing here imports Tidemark.
 */
import type { Quake } from './data.ts'

export interface Answer {
  readonly count: number
  readonly max: number
  readonly mean: number
}
/** By `2018-02-01 moderate`. */
export type Answers = ReadonlyMap<string, Answer>

/** Per day and magnitude class, over all records but those named as too late. */
export function recompute(quakes: readonly Quake[], tooLate: ReadonlySet<string>): Answers {
  const sums = new Map<string, { count: number; max: number; sum: number }>()
  for (const quake of quakes) {
    if (quake.kind !== 'earthquake' || tooLate.has(quake.id)) continue
    const m = quake.magnitude
    const size = m < 2 ? 'micro' : m < 4 ? 'minor' : m < 5 ? 'light' : m < 6 ? 'moderate' : 'strong'
    const name = nameOf(quake.at, size)
    const known = sums.get(name) ?? { count: 0, max: m, sum: 0 }
    sums.set(name, { count: known.count + 1, max: Math.max(known.max, m), sum: known.sum + m })
  }
  return new Map([...sums].map(([name, { count, max, sum }]) => [name, { count, max, mean: sum / count }]))
}

/** Which records come too late, by the rule itself: the newest event time before them is 6 h + 3 d past their day. */
export function tooLateByHand(quakes: readonly Quake[]): ReadonlySet<string> {
  const hour = 3_600_000
  const late = new Set<string>()
  let newest = Number.NEGATIVE_INFINITY
  for (const quake of quakes) {
    if (quake.kind !== 'earthquake') continue
    const endOfDay = (Math.floor(quake.at / (24 * hour)) + 1) * 24 * hour
    if (newest - 6 * hour >= endOfDay + 72 * hour) late.add(quake.id)
    newest = Math.max(newest, quake.at)
  }
  return late
}

export function nameOf(at: number, size: string): string {
  return `${new Date(at).toISOString().slice(0, 10)} ${size}`
}

/** What a stream said last about a day and class. */
export interface Final {
  readonly name: string
  readonly count: number
  readonly max: number | undefined
  readonly mean: number | undefined
}

/** Every difference in words; none when both say the same. Sums in another order may differ in a mean's last digits. */
export function differences(finals: readonly Final[], batch: Answers): readonly string[] {
  const found: string[] = []
  const seen = new Set<string>()
  for (const { name, count, max, mean } of finals) {
    if (seen.has(name)) found.push(`${name}: the stream gave two finals`)
    seen.add(name)
    const wanted = batch.get(name)
    const same =
      wanted !== undefined &&
      wanted.count === count &&
      wanted.max === max &&
      Math.abs(wanted.mean - (mean ?? Number.NaN)) < 1e-9
    if (!same)
      found.push(
        `${name}: the stream says ${show({ count, max, mean })}, the batch ${wanted === undefined ? 'has no result' : show(wanted)}`,
      )
  }
  for (const [name, answer] of batch)
    if (!seen.has(name)) found.push(`${name}: the stream has no final, the batch says ${show(answer)}`)
  return found
}

/** Records that only one of both calls too late. */
export function lateDifferences(streamed: ReadonlySet<string>, byHand: ReadonlySet<string>): readonly string[] {
  return [
    ...[...streamed]
      .filter((id) => !byHand.has(id))
      .map((id) => `${id}: the stream calls it too late, the rule does not`),
    ...[...byHand]
      .filter((id) => !streamed.has(id))
      .map((id) => `${id}: too late by the rule, but the stream does not say so`),
  ]
}

function show({
  count,
  max,
  mean,
}: {
  readonly count: number
  readonly max: number | undefined
  readonly mean: number | undefined
}): string {
  return `count ${count}, max ${max}, mean ${mean}`
}
