/**
 * Owns what contract kits have in common: checks with names, how they are run and how a failure reads. A check throws a
 * plain Error; nothing here knows a test framework.
 */
import * as fc from 'fast-check'

/** One promise of a contract. `run` rejects with a plain Error that says what was found and what was expected. */
export interface ContractCheck {
  readonly name: string
  readonly run: () => Promise<void>
}

/** How often chance is tried. */
export interface ChanceOptions {
  /** How many random histories are played; 100 if not given. */
  readonly runs?: number
  /** The seed of a failure, to see it again. */
  readonly seed?: number
}

/** Runs checks one after the other. @throws Error with all that failed, the name of the check first */
export async function runChecks(contract: string, checks: readonly ContractCheck[]): Promise<void> {
  const failures: string[] = []
  for (const { name, run } of checks) {
    try {
      await run()
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (failures.length === 0) return
  throw new Error(`${contract}: ${failures.length} of ${checks.length} checks failed.\n${failures.join('\n')}`)
}

/** Throws unless the two lists of lines are the same; shows the first place where they are not. */
export function sameLines(what: string, found: readonly string[], expected: readonly string[]): void {
  const length = Math.max(found.length, expected.length)
  for (let i = 0; i < length; i++) {
    if (found[i] === expected[i]) continue
    throw new Error(
      `${what}: found ${found[i] ?? 'nothing more'}, expected ${expected[i] ?? 'nothing more'} (${i} of ${found.length}, ${expected.length} expected)`,
    )
  }
}

export function same(what: string, found: unknown, expected: unknown): void {
  sameLines(what, [fc.stringify(found)], [fc.stringify(expected)])
}

/** Throws unless the call rejects. */
export async function refused(what: string, call: () => unknown): Promise<void> {
  try {
    await call()
  } catch {
    return
  }
  throw new Error(`${what}: it was accepted, expected an error`)
}

/** Plays random histories; a failure is told with the smallest history that was found and its seed. */
export async function tryHistories<T>(
  history: fc.Arbitrary<T>,
  { runs = 100, seed }: ChanceOptions,
  play: (history: T) => Promise<void>,
): Promise<void> {
  const property = fc.asyncProperty(history, play)
  const details = await fc.check(property, { numRuns: runs, ...(seed === undefined ? {} : { seed }) })
  if (!details.failed) return
  const { errorInstance } = details
  throw new Error(
    [
      errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
      `  History: ${fc.stringify(details.counterexample?.[0])}`,
      `  Seed ${details.seed}: { seed: ${details.seed} } shows it again.`,
    ].join('\n'),
  )
}
