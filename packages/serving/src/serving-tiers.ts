/** Owns the composition: options as users write them, what does not fit refused with what to do. */
import {
  type Clock,
  type ColdStore,
  type Duration,
  type HotStore,
  type Key,
  type Pane,
  type Pipeline,
  type ResultsLog,
  type TimeWindow,
  durationMs,
  periodMs,
  systemClock,
  problem,
} from '@tidemark/core'
import { type ColdWrites, continuously } from './cold-writes.ts'
import { DirectRun } from './direct.ts'
import { explainTiers } from './explain.ts'
import { viewOf } from './pipeline-view.ts'
import { ALL_RULES, type Rules } from './rules.ts'
import { type Tiers, TwoTiers } from './tiers.ts'

export interface TiersBase<K extends Key, V, W extends TimeWindow> {
  /** Says what is stored and how it is read; it is not started here, unless `direct` says so. */
  // The sources' type does not matter here, and a pipeline is invariant in it.
  // oxlint-disable-next-line no-explicit-any
  readonly results: Pipeline<Pane<K, V, W>, any>
  readonly hot: HotStore
  readonly cold: ColdStore
  /** When cold is written. Default continuously(). */
  readonly coldWrites?: ColdWrites
  /**
   * Which version of the results `run` writes, and reads ask. Default: the first is written, what was promoted is read.
   * Letters, digits, '-' and '_'.
   */
  readonly version?: string
  /**
   * How far back of the boundary hot is read too. At least allowed lateness and gap for sessions, which is their default;
   * else 0. The same in every process.
   */
  readonly overlap?: Duration
  /** How long a reader may go by the boundary it knows. Default 30s; the same in every process. */
  readonly lease?: Duration
  /** A look at the tiers that takes longer fails. Default 30s; the same in every process. */
  readonly longestQuery?: Duration
  /** How long a read waits for a tier that is not current. Default 5s. */
  readonly maxWait?: Duration
  /** How often boundary, eviction, heartbeat and watchdog have their turn. Default 5s. */
  readonly tick?: Duration
  /** At most about this many results wait for cold; with more, all are written. Default 100,000. */
  readonly maxWaiting?: number
  readonly clock?: Clock
}

export interface TiersFromLog<K extends Key, V, W extends TimeWindow> extends TiersBase<K, V, W> {
  /** What both tiers are filled from. */
  readonly log: ResultsLog
  readonly direct?: never
}

export interface DirectTiers<K extends Key, V, W extends TimeWindow> extends TiersBase<K, V, W> {
  /** `run` starts the pipeline and writes both stores with it: no boundary, no rebuild, see docs/serving.md. */
  readonly direct: true
  readonly log?: never
}

const VERSION = /^[\w-]{1,64}$/
const BATCH = 8_192

/**
 * One answer from two stores: recent results from the hot one, old ones from the cold one. Several processes may compose
 * the same tiers, to run them or to read.
 * @throws StreamError NOT_SERVED for results that cannot be kept this way, and for options that do not fit them
 * @example servingTiers({ results: pageStats, log, hot, cold, coldWrites: every('6h', { settle: '1d' }) })
 */
export function servingTiers<K extends Key, V, W extends TimeWindow>(
  options: TiersFromLog<K, V, W> | DirectTiers<K, V, W>,
): Tiers<K, V, W> {
  return composeTiers(options, ALL_RULES)
}

/** With rules left out, for tests. */
export function composeTiers<K extends Key, V, W extends TimeWindow>(
  options: TiersFromLog<K, V, W> | DirectTiers<K, V, W>,
  rules: Rules,
): Tiers<K, V, W> {
  const { results, log, direct, hot, cold, coldWrites = continuously(), version, clock = systemClock } = options
  const view = viewOf<K>(results as Pipeline<never>)
  const what = `The tiers of '${view.name}'`
  if ((log === undefined) === (direct !== true))
    throw problem('BAD_TIERS', what, {
      found: log === undefined ? 'neither a log nor direct: true' : 'both a log and direct: true',
      expected: 'one of them',
      remedy: 'Give the log of results that both stores are filled from, or direct: true to write them as they come.',
    })
  if (version !== undefined && !VERSION.test(version))
    throw problem('BAD_VERSION', `'version' of the tiers of '${view.name}'`, {
      found: `'${version}'`,
      expected: "letters, digits, '-' and '_', at most 64",
      remedy: "Write a short name, as 'v2'; leave it out for the first version.",
    })
  const ms = (name: 'overlap' | 'lease' | 'longestQuery' | 'maxWait' | 'tick', otherwise: Duration): number =>
    name === 'overlap' || name === 'maxWait'
      ? durationMs(options[name] ?? otherwise, `'${name}' of tiers`)
      : periodMs(options[name] ?? otherwise, `'${name}' of tiers`)
  const leastOverlapMs = view.gapMs === undefined ? 0 : view.latenessMs + view.gapMs
  const overlapMs = options.overlap === undefined ? leastOverlapMs : ms('overlap', '0s')
  if (overlapMs < leastOverlapMs)
    throw problem('OVERLAP_TOO_SMALL', `'overlap' of the tiers of '${view.name}'`, {
      found: `${overlapMs}ms`,
      expected: `at least the allowed lateness and the gap, ${leastOverlapMs}ms: for so long a session may become part of another`,
      remedy: 'Leave it out.',
    })
  if (cold.keepForMs !== undefined && cold.keepForMs <= hot.serveForMs + overlapMs)
    throw problem('BAD_TIERS', `How long the cold store of '${view.name}' keeps results`, {
      found: `${cold.keepForMs}ms`,
      expected: `more than hot serves, with the overlap ${hot.serveForMs + overlapMs}ms: cold answers for what hot forgets`,
      remedy: "Raise 'keepFor', or leave it out to keep results for ever.",
    })
  const { maxWaiting = 100_000 } = options
  if (!Number.isSafeInteger(maxWaiting) || maxWaiting < 1)
    throw problem('BAD_TIERS', `'maxWaiting' of the tiers of '${view.name}'`, {
      found: String(maxWaiting),
      expected: 'a whole number of at least 1',
      remedy: 'It bounds the results that wait for the cold store.',
    })
  const tickMs = ms('tick', '5s')
  const parts = {
    view,
    hot,
    cold,
    coldWrites,
    version,
    clock,
    rules,
    settings: {
      leaseMs: ms('lease', '30s'),
      longestQueryMs: ms('longestQuery', '30s'),
      overlapMs,
      keepForMs: cold.keepForMs,
    },
    maxWaitMs: ms('maxWait', '5s'),
    tickMs,
    extendAfterMs: EXTEND_AFTER_TICKS * tickMs,
    maxWaiting,
    batchSize: BATCH,
    watchMs: (every: Duration | undefined) => periodMs(every ?? '1s', "'every' of watch"),
    explain: (): string => explainTiers({ ...parts, results: results as Pipeline<never>, log }),
  }
  return log === undefined
    ? new TwoTiers({
        ...parts,
        log: undefined,
        direct: new DirectRun({ ...parts, results: results as Pipeline<never> }),
      })
    : new TwoTiers({ ...parts, log, direct: undefined })
}

/** Hot is kept from expiring when the boundary has been behind for this many ticks: five minutes. */
const EXTEND_AFTER_TICKS = 60
