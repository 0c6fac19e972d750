/** Owns the contract of sources as a kit: `verifySource`, and `sourceChecks` one by one. */
import { type ChanceOptions, type ContractCheck, runChecks, tryHistories } from './contract.ts'
import { type PatienceOptions, patienceOf } from './patience.ts'
import { SOURCE_CHECKS } from './source-checks.ts'
import { playSource, sourceHistories } from './source-histories.ts'
import { type MakeSourceBench, SourceStage } from './source-stage.ts'

export interface VerifySourceOptions extends ChanceOptions, PatienceOptions {}

/**
 * Tries to break every promise of a source, and throws a plain Error that names those that it breaks. What a source does
 * not do, as the bench says it, is not tried: positions where it cannot seek, ends where it has none.
 * @example
 * await verifySource<number>(() => {
 *   const source = memorySource<number>({ splits: ['a', 'b'] })
 *   const add = (split: string, numbers: readonly number[]) => source.push(numbers, { split })
 *   return { source, splits: ['a', 'b'], add, numberOf: (record) => record, finish: () => source.finish() }
 * })
 */
export async function verifySource<T>(make: MakeSourceBench<T>, options: VerifySourceOptions = {}): Promise<void> {
  await runChecks('Source', sourceChecks(make, options))
}

/** The checks of `verifySource`, for a test each. */
export function sourceChecks<T>(make: MakeSourceBench<T>, options: VerifySourceOptions = {}): readonly ContractCheck[] {
  const patience = patienceOf(options)
  const onStage = async (run: (on: SourceStage<unknown>) => Promise<void>): Promise<void> => {
    const stage = new SourceStage<T>(await make(), patience)
    let failed = true
    try {
      await run(stage as SourceStage<unknown>)
      failed = false
    } finally {
      // A reader that fails to close as well hides nothing.
      await stage.close().catch((error: unknown) => {
        if (!failed) throw error
      })
    }
  }
  return [
    ...SOURCE_CHECKS.map(([name, run]): ContractCheck => ({ name, run: () => onStage(run) })),
    {
      name: 'any history of records, polls, pauses and restarts delivers each record once',
      run: () => tryHistories(sourceHistories, options, (history) => onStage((on) => playSource(on, history))),
    },
  ]
}
