/**
 * Owns how the hot store follows the log: every result is applied, and behind it the position, in the same shard and by
 * compare-and-set. A shard that says another position than expected (a failover, a second writer), or has begun another
 * life since the step began, sends the writer back to what it says. It knows no boundary: windows below it are written too.
 */
import type { Applied, Cell, Clock, HotSession, LogEntry, LogSession, Signal } from '@tidemark/core'
import { Frontier } from './frontier.ts'
import { type LogStep, readStep, storedCell, tooShort } from './log-steps.ts'
import type { PartitionRecord } from './registers.ts'
import type { Rules } from './rules.ts'
import { Turn, watched } from './wait.ts'

export interface HotWriterOptions {
  readonly log: LogSession
  readonly hot: HotSession
  /** What cold has published of a partition. */
  readonly published: (partition: string) => Promise<PartitionRecord | undefined>
  readonly rules: Rules
  /** For a test that leaves out windows below the boundary. */
  readonly boundary: () => number
  readonly batchSize: number
  /** How long a read of the log may wait for more, ms. */
  readonly waitMs: number
  readonly clock: Clock
  readonly signal: Signal
  /** A shard was found elsewhere than expected. */
  readonly onRewind: (shard: string, partition: string) => void
  /** The store has not answered for so long, ms. */
  readonly onSilent: (what: string, forMs: number) => void
}

export class HotWriter {
  readonly #options: HotWriterOptions
  /** What is written per partition, by this writer's knowledge: for health. */
  readonly positions: Map<string, bigint> = new Map()
  written = 0

  constructor(options: HotWriterOptions) {
    this.#options = options
  }

  /**
   * Writes again what a shard may have lost because nobody kept it from expiring: one that has positions, but no
   * heartbeat. Readers do not trust it before.
   */
  async refill(): Promise<void> {
    const { hot, log, signal, batchSize } = this.#options
    for (let states = await hot.state(), again = true; again && !signal.aborted;) {
      for (const [shard, state] of states) {
        if (state.alive || state.applied.size === 0) continue
        for (const [partition, applied] of state.applied) {
          const { first } = await log.bounds(partition)
          for (let at = first; at < applied.offset && !signal.aborted;) {
            const step = await readStep(log, partition, at, batchSize, 0)
            if (step.next === at) break
            await hot.write(shard, this.#cellsOf(step.entries, shard, first), { watermark: applied.watermark })
            at = step.next
          }
        }
      }
      // No position moves behind these cells, so nothing else would tell that some are gone again.
      const before = states
      states = await hot.state()
      again = [...states].some(([shard, { life }]) => life !== before.get(shard)?.life)
    }
  }

  /** Follows all partitions until the signal is aborted; rejects with what the stores and the log reject with. */
  async follow(): Promise<void> {
    await Promise.all(this.#options.log.partitions.map((partition) => this.#follow(partition)))
  }

  async #follow(partition: string): Promise<void> {
    const { hot, log, signal, rules, batchSize, waitMs, clock, onSilent } = this.#options
    const silent = (forMs: number): void => onSilent(`Writing partition '${partition}' of the log to hot`, forMs)
    const turn = new Turn(clock)
    let kept: Map<string, Applied | undefined> | undefined
    while (!signal.aborted) {
      const states = await hot.state()
      const { first } = await log.bounds(partition)
      // Where each shard is; only what it says itself counts.
      const shards: Map<string, Applied | undefined> =
        kept !== undefined && !rules.positionInHot
          ? kept
          : new Map(hot.shards.map((shard) => [shard, states.get(shard)?.applied.get(partition)]))
      const behind = [...shards.values()].reduce((a, b) =>
        a === undefined || b === undefined ? undefined : a.offset <= b.offset ? a : b,
      )
      let at = behind?.offset ?? first
      if (at < first) throw tooShort('hot', partition, at, first)
      const frontier = await this.#frontierAt(partition, behind, first)
      kept = shards
      let moved = true
      let ahead: Promise<LogStep> | undefined
      while (moved && !signal.aborted) {
        const step = await (ahead ?? readStep(log, partition, at, batchSize, waitMs))
        ahead = undefined
        if (step.next === at) {
          moved = !rules.positionInHot || (await this.#stands(partition, shards))
          continue
        }
        for (const entry of step.entries) if (entry.kind === 'progress') frontier.report(entry)
        const to = { offset: step.next, watermark: frontier.now }
        const writing = Promise.all(
          [...shards].map(([shard, from]) => this.#write(partition, shard, step.entries, from, to, shards)),
        )
        // The log is read on while the store writes. Where there is nothing more yet, it is waited for later.
        if (!step.caughtUp) ahead = readStep(log, partition, step.next, batchSize, 0)
        ahead?.catch(() => {})
        moved = (await watched(writing, clock, silent)).every((one) => one)
        at = step.next
        this.positions.set(partition, at)
        await turn.pause()
      }
      // A session reads from one position at a time.
      await ahead
    }
  }

  /**
   * The frontier as it was at a position. Shards keep W alone; what each task has said last is further back in the log,
   * for a silent one perhaps far: it is read backwards, at most to where cold, which keeps all of it, has been.
   */
  async #frontierAt(partition: string, behind: Applied | undefined, first: bigint): Promise<Frontier> {
    const { log, batchSize, published, signal } = this.#options
    const watermark = finite(behind?.watermark)
    const ended = behind?.watermark === Number.POSITIVE_INFINITY
    const to = behind?.offset ?? first
    const record = to > first ? await published(partition) : undefined
    const known = record !== undefined && record.covered >= first && record.covered <= to ? record : undefined
    const floor = known?.covered ?? first
    for (let span = BigInt(batchSize); ; span *= 4n) {
      const from = to - span > floor ? to - span : floor
      const tasks = from === floor ? known?.frontier.tasks : undefined
      const frontier = new Frontier({ watermark, ended, tasks: tasks ?? new Map() })
      let all = false
      for (let at = from; at < to && !signal.aborted;) {
        const { entries, next } = await log.read(partition, at, batchSize, 0)
        if (next === at) break
        for (const entry of entries) {
          if (entry.kind !== 'progress' || entry.offset >= to) continue
          frontier.report(entry)
          all = frontier.tasks.size >= entry.tasks
        }
        at = next
      }
      if (all || from === floor || signal.aborted) return frontier
    }
  }

  /** Where nothing comes, no write would tell that a shard has lost its position, and everything with it. */
  async #stands(partition: string, shards: ReadonlyMap<string, Applied | undefined>): Promise<boolean> {
    const states = await this.#options.hot.state()
    for (const [shard, said] of shards) {
      if (states.get(shard)?.applied.get(partition)?.offset === said?.offset) continue
      this.#options.onRewind(shard, partition)
      return false
    }
    return true
  }

  async #write(
    partition: string,
    shard: string,
    entries: readonly LogEntry[],
    from: Applied | undefined,
    to: Applied,
    shards: Map<string, Applied | undefined>,
  ): Promise<boolean> {
    if (from !== undefined && from.offset >= to.offset) return true
    const cells = this.#cellsOf(entries, shard, from?.offset ?? 0n)
    // A shard that had been ahead of the others has said a W already.
    const said = finite(from?.watermark)
    const next = { offset: to.offset, watermark: Math.max(to.watermark, said) }
    const written = await this.#options.hot.write(shard, cells, {
      watermark: next.watermark,
      move: { partition, from: from?.offset, to: next },
    })
    this.written += cells.length
    if (written.moved) shards.set(shard, next)
    else {
      this.#options.onRewind(shard, partition)
      if (!this.#options.rules.positionInHot) {
        // Left out for tests: to force our own position on the shard.
        await this.#options.hot.write(shard, cells, {
          watermark: next.watermark,
          move: { partition, from: written.applied?.offset, to: next },
        })
        shards.set(shard, next)
        return true
      }
    }
    return written.moved
  }

  #cellsOf(entries: readonly LogEntry[], shard: string, from: bigint): readonly Cell[] {
    const { hot, rules, boundary } = this.#options
    const alone = hot.shards.length === 1
    const cells: Cell[] = []
    for (const entry of entries) {
      if (entry.kind !== 'result' || entry.offset < from) continue
      if (!alone && hot.shardOf(entry.cell.key) !== shard) continue
      if (!rules.hotTakesAll && entry.cell.end <= boundary()) continue
      cells.push(storedCell(entry))
    }
    return cells
  }
}

function finite(watermark: number | undefined): number {
  return watermark === undefined || watermark === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : watermark
}
