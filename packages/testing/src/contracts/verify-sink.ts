/** Owns the contract of sinks as a kit: `verifySink`, and `sinkChecks` one by one. */
import { type ChanceOptions, type ContractCheck, runChecks, tryHistories } from './contract.ts'
import { onStage } from './on-stage.ts'
import { type PatienceOptions, patienceOf } from './patience.ts'
import { SINK_CHECKS } from './sink-checks.ts'
import { playSink, sinkHistories } from './sink-histories.ts'
import { type MakeSinkBench, SinkStage } from './sink-stage.ts'

export interface VerifySinkOptions extends ChanceOptions, PatienceOptions {}

/**
 * Tries to break every promise of a sink of results, and throws a plain Error that names those that it breaks. A sink may
 * keep the newest version of each result or every pane: what counts is what a reader makes of it.
 * @example
 * await verifySink(() => {
 *   const sink = latestValues<string, number>()
 *   return { sink, standing: () => [...sink.entries()].map(([key, window, value]) => ({ key, window, value })) }
 * })
 */
export async function verifySink(make: MakeSinkBench, options: VerifySinkOptions = {}): Promise<void> {
  await runChecks('Sink', sinkChecks(make, options))
}

/** The checks of `verifySink`, for a test each. */
export function sinkChecks(make: MakeSinkBench, options: VerifySinkOptions = {}): readonly ContractCheck[] {
  const patience = patienceOf(options)
  const on = (run: (stage: SinkStage) => Promise<void>): Promise<void> =>
    onStage(async () => new SinkStage(await make(), patience), run)
  return [
    ...SINK_CHECKS.map(([name, run]): ContractCheck => ({ name, run: () => on(run) })),
    {
      name: 'any history of writers, replays and restarts ends in the newest versions',
      run: () => tryHistories(sinkHistories(), options, (history) => on((stage) => playSink(stage, history))),
    },
  ]
}
