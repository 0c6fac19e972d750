/** Owns the contract of results logs as a kit: `verifyResultsLog`, and `resultsLogChecks` one by one. */
import { type ContractCheck, runChecks } from './contract.ts'
import { LOG_CHECKS } from './log-checks.ts'
import { LogStage, type MakeResultsLogBench } from './log-stage.ts'
import { onStage } from './on-stage.ts'
import { type PatienceOptions, patienceOf } from './patience.ts'

/**
 * Tries to break every promise of a results log and of the sink that fills it, and throws a plain Error that names those
 * that they break.
 * @example
 * await verifyResultsLog(() => {
 *   const log = memoryLog({ partitions: 3 })
 *   return { log, sink: log.sink, truncate: log.truncate }
 * })
 */
export async function verifyResultsLog(make: MakeResultsLogBench, options: PatienceOptions = {}): Promise<void> {
  await runChecks('Results log', resultsLogChecks(make, options))
}

/** The checks of `verifyResultsLog`, for a test each. */
export function resultsLogChecks(make: MakeResultsLogBench, options: PatienceOptions = {}): readonly ContractCheck[] {
  const patience = patienceOf(options)
  return LOG_CHECKS.map(([name, run]): ContractCheck => ({
    name,
    run: () => onStage(async () => new LogStage(await make(), patience), run),
  }))
}
