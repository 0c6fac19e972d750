/** Testing pipelines without a broker and without waiting. */
export { type VirtualClock, virtualClock } from './virtual-clock.ts'
export { type Script, type ScriptRecord, type ScriptStep, recordsOf, script, scriptOf } from './script.ts'
export {
  type Failure,
  type MakeRecord,
  type PlayOptions,
  type Played,
  type PlayedStep,
  type StepCounts,
  play,
} from './play.ts'
export { type Check, type PermutationOptions, type Run, type SimulateOptions, samePanes, simulate } from './simulate.ts'
export { type VerifyOperatorOptions, nothingLeft, verifyOperator } from './verify-operator.ts'
export { type VerifyTriggerOptions, verifyTrigger } from './verify-trigger.ts'
export { type VerifyAggregatorOptions, verifyAggregator } from './verify-aggregator.ts'
export {
  type AnyPane,
  type ExpectedPane,
  type Latest,
  expectPanes,
  finals,
  latestByWindow,
  paneMatchers,
  showPane,
} from './matchers.ts'
export { sameValue } from '@tidemark/core'
export {
  type ScriptOptions,
  type StreamOptions,
  disorderedStream,
  partition,
  partitions,
  scripts,
} from './arbitraries.ts'
export { type BatchOverResultsOptions, type OuterResult, batchOverResults } from './oracle/batch.ts'
export type { OracleGate } from './oracle/gates.ts'
export { mayFinish } from './oracle/may-finish.ts'
export { type OracleStep, oracle } from './oracle/oracle.ts'
export type { OracleOptions, OracleSuppression, OracleTrigger } from './oracle/options.ts'
export type { OraclePane, OracleRetraction, OracleValuePane } from './oracle/panes.ts'
export type { OracleCadence, OraclePolicy } from './oracle/policies.ts'
export type { OracleTree } from './oracle/trigger-tree.ts'
export type { OracleWindow, OracleWindows } from './oracle/windows.ts'
export { type TriggerTreesOptions, triggerTrees } from './oracle/trigger-trees.ts'
export { type ChanceOptions, type ContractCheck, runChecks } from './contracts/contract.ts'
export {
  type MakeColdStore,
  type VerifyStoreOptions,
  coldStoreChecks,
  verifyColdStore,
} from './contracts/verify-cold-store.ts'
export { type VerifyHotStoreOptions, hotStoreChecks, verifyHotStore } from './contracts/verify-hot-store.ts'
export type { MakeHotStore } from './contracts/hot-shard-checks.ts'
export type { PatienceOptions } from './contracts/patience.ts'
export type { MakeSourceBench, SourceBench } from './contracts/source-stage.ts'
export { type VerifySourceOptions, sourceChecks, verifySource } from './contracts/verify-source.ts'
export type { MakeSinkBench, SinkBench, StandingResult } from './contracts/sink-stage.ts'
export { type VerifySinkOptions, sinkChecks, verifySink } from './contracts/verify-sink.ts'
export type { MakeResultsLogBench, ResultsLogBench } from './contracts/log-stage.ts'
export { resultsLogChecks, verifyResultsLog } from './contracts/verify-results-log.ts'
export {
  type MakeCheckpointStore,
  type VerifyCheckpointStoreOptions,
  checkpointStoreChecks,
  verifyCheckpointStore,
} from './contracts/verify-checkpoint-store.ts'
