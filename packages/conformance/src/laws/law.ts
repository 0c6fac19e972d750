/**
 * Owns how laws are tried: on generated scripts, more of them with TIDEMARK_RUNS (a multiplier), the same ones again
 * with TIDEMARK_SEED. A failure names the seed.
 */
import * as fc from 'fast-check'

const MULTIPLIER = Number(process.env['TIDEMARK_RUNS'] ?? 1)
const SEED = process.env['TIDEMARK_SEED']

/** Time for one law; a busy machine is slow. */
export const LAW_MS: number = 180_000 * Math.max(1, MULTIPLIER)

/** Tries a law `runs` times (times TIDEMARK_RUNS); `holds` throws where it does not hold. */
export function tryLaw<T>(runs: number, input: fc.Arbitrary<T>, holds: (value: T) => void): void {
  report(fc.check(fc.property(input, holds), parameters(runs)), runs)
}

/** The same for laws about what only a promise tells, as sinks do. */
export async function tryLawAsync<T>(
  runs: number,
  input: fc.Arbitrary<T>,
  holds: (value: T) => Promise<void>,
): Promise<void> {
  report(await fc.check(fc.asyncProperty(input, holds), parameters(runs)), runs)
}

function parameters(runs: number): { readonly numRuns: number; readonly seed?: number } {
  const numRuns = Math.max(1, Math.round(runs * MULTIPLIER))
  return { numRuns, ...(SEED === undefined ? {} : { seed: Number(SEED) }) }
}

function report<T>(details: fc.RunDetails<[T]>, runs: number): void {
  if (!details.failed) return
  const { numRuns } = parameters(runs)
  const cause = details.errorInstance
  const shown = (details.counterexample ?? []).map((value) => fc.stringify(value)).join('\n')
  throw new Error(
    `Broken after ${details.numRuns} of ${numRuns} scripts; again with TIDEMARK_SEED=${details.seed} TIDEMARK_RUNS=${MULTIPLIER}.\nSmallest found (${details.numShrinks} times smaller):\n${shown}\n${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  )
}
