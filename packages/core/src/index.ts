/**
 * Event-time stream processing: compose a pipeline, start it, read results that say how final they are.
 * Core holds time, windows, triggers, panes, aggregators, the runtime and sources and sinks in memory.
 */
export {
  StreamError,
  type ErrorPlace,
  type Problem,
  type StreamErrorOptions,
  problem,
  reasonOf,
  show,
} from './errors/stream-error.ts'

export { type Cancel, type Clock, arrivalClock } from './time/clock.ts'
export { systemClock } from './time/system-clock.ts'
export {
  type Duration,
  type DurationUnit,
  duration,
  ms,
  toMs as durationMs,
  toPositiveMs as periodMs,
} from './time/duration.ts'
export { type WatermarkStrategy, boundedOutOfOrderness, monotonous, punctuated } from './time/watermark.ts'
export { type Split, type SplitState, SplitWatermarks } from './time/splits.ts'

export type { OneWindow, TimeWindow } from './window/window.ts'
export type { WindowAssigner, WindowShape } from './window/assigner.ts'
export { tumbling } from './window/tumbling.ts'
export { hopping } from './window/hopping.ts'
export { session } from './window/session.ts'
export { type CalendarUnit, type WeekStart, calendar } from './window/calendar.ts'
export { slidingByRecord } from './window/sliding-by-record.ts'
export { oneWindow } from './window/one-window.ts'
export { assignWindows } from './window/assign-windows.ts'

export type {
  Cadence,
  FastPath,
  Trigger,
  TriggerContext,
  TriggerRows,
  TriggerStep,
  TriggerWords,
} from './trigger/trigger.ts'
export { policy } from './trigger/policy.ts'
export { described } from './time/described.ts'
export { watermarkThenUpdates } from './trigger/watermark-then-updates.ts'

export type {
  Accumulation,
  Correction,
  DeadLetter,
  DeltaPane,
  LateRecord,
  Pane,
  PaneBase,
  PaneMeta,
  PaneOf,
  Retraction,
  Timing,
  ValuePane,
} from './pane/pane.ts'
export type { GateBuffer, GateContext, GateDecision, GateWords, PaneGate } from './trigger/gate.ts'
export { LATENESS_CLASSES_MS, type LateSummary } from './pane/late-report.ts'

export type { Aggregator, AnyAggregator, Column, Columns } from './aggregate/aggregator.ts'
export { type Aggregators, type Outcome, aggregators } from './aggregate/aggregators.ts'
export type { Fold } from './aggregate/fold.ts'
export type { DatedAcc } from './aggregate/by-time.ts'
export type { DistinctAcc } from './aggregate/distinct.ts'
export type { Ordered } from './aggregate/extract.ts'
export type { MeanAcc } from './aggregate/mean.ts'
export type { ReduceAcc } from './aggregate/reduce.ts'
export type { Ranked, TopKAcc } from './aggregate/top-k.ts'
export type { VarianceAcc } from './aggregate/variance.ts'

export { sameValue } from './state/same-value.ts'
export { decodeKey, encodeKey } from './state/key-bytes.ts'

export type { Key, KeyPart, Meta, Position, TimedMeta } from './io/meta.ts'
export type { Batch, RecordInfo, SharedReader, Signal, Source, SourceReader, Task, TaskEvents } from './io/source.ts'
export type { Role, Sink, SinkWriter, ToOptions, TransactionalSink } from './io/sink.ts'
export type {
  ReadPosition,
  SharedPositions,
  TaskSplit,
  TransactionOptions,
  TransactionSession,
  Transactions,
} from './io/transaction.ts'
export { type CommittedItems, type MemoryTransactions, memoryTransactions } from './io/memory-transactions.ts'
export { type StatePart, fromParts, partsOf } from './io/parts.ts'
export { notPlain } from './io/not-plain.ts'
export { type CheckpointSession, type CheckpointStore, type Pause, memoryCheckpoints } from './io/checkpoint.ts'
export { type Cell, compareVersions } from './io/cell.ts'
export { NewestCells } from './io/newest-cells.ts'
export { paneCell } from './io/pane-cell.ts'
export { type StoredResult, decodeStoredResult, encodeStoredResult } from './io/stored-result.ts'
export type {
  Aggregation,
  Applied,
  ColdSession,
  ColdStore,
  HotRead,
  HotSession,
  HotStore,
  HotWritten,
  Move,
  ShardState,
} from './io/stores.ts'
export { memoryColdStore } from './io/memory-cold-store.ts'
export { type MemoryHotStoreOptions, memoryHotStore } from './io/memory-hot-store.ts'
export type { LogBatch, LogEntry, LogSession, LoggedProgress, LoggedResult, ResultsLog } from './io/results-log.ts'
export type { NewEntry } from './io/log-partition.ts'
export type { MemoryLog, MemoryLogOptions } from './io/memory-log.ts'
export { loggedPane } from './io/logged-pane.ts'
export { memoryLog } from './runtime/memory-log.ts'
export { type FollowedByOptions, followedBy } from './io/followed-by.ts'
export { type ReplayOptions, replay } from './io/inputs.ts'
export { type MemorySource, type PushOptions, memorySource } from './io/memory-source.ts'
export { type Collected, type LatestValues, collected, forEach, latestValues } from './io/memory-sinks.ts'

export type {
  EventTimeOptions,
  FinalizeOptions,
  Input,
  KeyOptions,
  KeyedRecords,
  Pipeline,
  Records,
  ResultKeyOptions,
  Results,
  StageOptions,
  Start,
  Sync,
  TimedRecords,
  WebStream,
  WindowOptions,
  WindowedRecords,
} from './pipeline/stages.ts'
export type { OnError } from './pipeline/plan.ts'
export type { PlanJson } from './pipeline/describe.ts'
export type { Health, Job, JobEvents, JobState, StartOptions } from './pipeline/job.ts'
export { merge } from './pipeline/builders.ts'
export { engineOf, servedBy, together } from './pipeline/pipeline.ts'
export type { ServedResults } from './pipeline/served-results.ts'
export type { Accumulator } from './aggregate/accumulator-codec.ts'
export type { Compiled } from './pipeline/compile.ts'
export { metricsOf } from './pipeline/metrics.ts'
export { pipeline } from './runtime/start.ts'
export { type SignalHost, runUntilSignal } from './runtime/run-until-signal.ts'
