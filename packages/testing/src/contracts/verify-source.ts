/** Owns the contract of sources as a kit: `verifySource`, and `sourceChecks` one by one. */
import { type ChanceOptions, type ContractCheck, runChecks, tryHistories } from './contract.ts'
import { onStage } from './on-stage.ts'
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
  const on = (run: (stage: SourceStage<unknown>) => Promise<void>): Promise<void> =>
    onStage(async () => new SourceStage<T>(await make(), patience) as SourceStage<unknown>, run)
  return [
    ...SOURCE_CHECKS.map(([name, run]): ContractCheck => ({ name, run: () => on(run) })),
    {
      name: 'any history of records, polls, pauses and restarts delivers each record once',
      run: () => tryHistories(sourceHistories, options, (history) => on((stage) => playSource(stage, history))),
    },
  ]
}
