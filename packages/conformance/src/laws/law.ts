/**
 * Owns how laws are tried: on generated scripts, more of them with TIDEMARK_RUNS (a multiplier), the same ones again
 * with TIDEMARK_SEED. A failure names the seed.
 */
import * as fc from 'fast-check'

const MULTIPLIER = Number(process.env['TIDEMARK_RUNS'] ?? 1)
const SEED = process.env['TIDEMARK_SEED']

/** Time for one law; a busy machine is slow. */
export const LAW_MS: number = 60_000 * Math.max(1, MULTIPLIER)

/** Tries a law `runs` times (times TIDEMARK_RUNS); `holds` throws where it does not hold. */
export function tryLaw<T>(runs: number, input: fc.Arbitrary<T>, holds: (value: T) => void): void {
  const numRuns = Math.max(1, Math.round(runs * MULTIPLIER))
  const details = fc.check(fc.property(input, holds), {
    numRuns,
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
  })
  if (!details.failed) return
  const cause = details.errorInstance
  const shown = (details.counterexample ?? []).map((value) => fc.stringify(value)).join('\n')
  throw new Error(
    `Broken after ${details.numRuns} of ${numRuns} scripts; again with TIDEMARK_SEED=${details.seed} TIDEMARK_RUNS=${MULTIPLIER}.\nSmallest found (${details.numShrinks} times smaller):\n${shown}\n${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  )
}
