/**
 * Owns one run of the writers of one version of the results: opened together, stopped together, and begun again when
 * something fails that may succeed later. What a run has said durably is where the next one goes on.
 */
import { type Clock, type ColdStore, type HotStore, type ResultsLog, type Signal, StreamError } from '@tidemark/core'
import { ColdWriter } from './cold-writer.ts'
import type { ColdWrites } from './cold-writes.ts'
import type { TierEvents } from './events.ts'
import { HotWriter } from './hot-writer.ts'
import { Keeper } from './keeper.ts'
import { textOf } from './text-of.ts'
import { type PartitionRecord, REGISTERS, type Settings, decodeRegister } from './registers.ts'
import type { Rules } from './rules.ts'
import { agree } from './settings.ts'
import type { WriterView } from './view.ts'
import { Stop, sleep, watched } from './wait.ts'

export interface LayerOptions {
  readonly view: WriterView
  readonly log: ResultsLog
  readonly hot: HotStore
  readonly cold: ColdStore
  readonly coldWrites: ColdWrites
  readonly settings: Omit<Settings, 'partitions'>
  readonly tickMs: number
  readonly extendAfterMs: number
  readonly maxWaiting: number
  readonly batchSize: number
  readonly clock: Clock
  readonly rules: Rules
}

export type Emit = <E extends keyof TierEvents>(event: E, about: TierEvents[E]) => void

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 30_000
const URGENT_MS = 2_000

/** Runs until the signal is aborted. Rejects with what cannot succeed later either. */
export async function runLayer(options: LayerOptions, emit: Emit, signal: Signal | undefined): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS
  const stopped = (): boolean => signal?.aborted === true
  while (!stopped()) {
    const began = options.clock.now()
    try {
      await runOnce(options, emit, signal)
    } catch (error) {
      // Stores that close with the signal fail what is on its way.
      if (stopped()) return
      if (error instanceof StreamError && !error.retryable) throw error
      if (options.clock.now() - began > LONGEST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS
      emit('alarm', { code: 'WRITERS_RESTARTED', message: `The writers begin again in ${pauseMs}ms: ${textOf(error)}` })
      await sleep(options.clock, pauseMs, signal)
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
    }
  }
}

async function runOnce(options: LayerOptions, emit: Emit, outer: Signal | undefined): Promise<void> {
  const { view, coldWrites, settings, clock, rules, batchSize, tickMs, extendAfterMs, maxWaiting } = options
  const signal = new Stop(outer)
  const aggregation = { name: view.name, windowMs: view.windowMs, signal }
  const events = keeperEvents(emit)
  const open: { close: () => Promise<void> }[] = []
  const opened = async <T extends { close: () => Promise<void> }>(opening: Promise<T>): Promise<T> => {
    const one = await watched(opening, clock, (forMs) => events.silent('Opening the log and both tiers', forMs))
    open.push(one)
    return one
  }
  try {
    // A session reads from one position at a time.
    const log = await opened(options.log.open({ signal }))
    const hotLog = await opened(options.log.open({ signal }))
    const hot = await opened(options.hot.open(aggregation))
    const cold = await opened(options.cold.open(aggregation))
    const { keepForMs } = await agree(cold, view.name, settings, log)
    const keeper: Keeper = new Keeper({
      ...settings,
      cold,
      hot,
      partitions: log.partitions,
      rules,
      serveForMs: options.hot.serveForMs,
      align: view.align,
      coldEveryMs: coldWrites.periodMs,
      coldDelayMs: view.completeDelayMs + coldWrites.settleMs,
      clock,
      tickMs,
      extendAfterMs,
      signal,
      events,
    })
    const boundary = (): number => keeper.boundary
    const hotWriter = new HotWriter({
      log: hotLog,
      hot,
      published: async (partition) => {
        const bytes = await cold.register(REGISTERS.partition(partition))
        return bytes === undefined ? undefined : decodeRegister<PartitionRecord>(partition, bytes)
      },
      rules,
      boundary,
      batchSize,
      waitMs: tickMs,
      clock,
      signal,
      onRewind: (shard, partition) => emit('rewind', { shard, partition }),
      onSilent: events.silent,
    })
    const coldWriter = new ColdWriter({
      log,
      cold,
      rules,
      promises: view,
      writes: coldWrites,
      overlapMs: settings.overlapMs,
      keepForMs,
      boundary,
      clock,
      batchSize,
      maxWaiting,
      urgentMs: Math.min(URGENT_MS, coldWrites.periodMs),
      signal,
      onContended: (partition) =>
        emit('alarm', {
          code: 'TWO_WRITERS',
          message: `Somebody else publishes for partition '${partition}' of '${view.name}' too. Nothing is lost, but one of the two works in vain: run the tiers of a set of results in one process.`,
        }),
      onFull: () =>
        emit('alarm', {
          code: 'COLD_BUFFER_FULL',
          message: `More than ${maxWaiting} results waited for cold: all of them are written now, some more than once. Raise 'maxWaiting', or write more often.`,
        }),
      onSilent: events.silent,
    })
    await keeper.begin()
    // What expired while nobody watched is written again before anyone is told that hot is whole.
    await hotWriter.refill()
    await coldWriter.open()
    await Promise.all([hotWriter.follow(), coldWriter.follow(), keeper.keep()])
  } finally {
    signal.abort()
    await Promise.allSettled(open.map((one) => one.close()))
  }
}

function keeperEvents(emit: Emit): ConstructorParameters<typeof Keeper>[0]['events'] {
  return {
    boundary: (boundary) => emit('boundary', { boundary }),
    evicted: (upTo, cells) => emit('evicted', { upTo, cells }),
    hotLost: (shard) =>
      emit('alarm', {
        code: 'HOT_LOST',
        message: `Shard '${shard}' of hot has lost everything: cold answers up to where it is, the rest is written again from the log.`,
      }),
    silent: (what, forMs) =>
      emit('alarm', {
        code: 'STORE_SILENT',
        message: `${what} has taken ${forMs}ms so far: the store does not answer. It is waited for, and nothing is lost meanwhile; health() says how far each tier is.`,
      }),
    heldBack: (byMs, why) =>
      emit('alarm', {
        code: 'BOUNDARY_HELD_BACK',
        message: `The boundary is ${Number.isFinite(byMs) ? `${byMs}ms behind` : 'not set yet'} (${why === 'cold' ? 'cold has not been written so far' : 'cold lacks what hot has'}): hot keeps what it has, and grows.`,
      }),
  }
}
