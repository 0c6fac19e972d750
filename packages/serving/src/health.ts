/** Owns the account of how far log, hot and cold are. */
import type { Clock, ResultsLog } from '@tidemark/core'
import type { Layer } from './layer.ts'
import type { Standstill } from './standstill.ts'
import { textOf } from './text-of.ts'
import {
  type BoundaryRecord,
  type PartitionRecord,
  REGISTERS,
  coldFrontier,
  decodeRegister,
  goneTo,
} from './registers.ts'
import { SILENT_MS, inTime } from './wait.ts'

export interface PartitionHealth {
  readonly partition: string
  /** The first entry that the log still has. */
  readonly logBegin: bigint | undefined
  /** Behind the last entry of the log, and how far each tier has applied it; undefined: unknown. */
  readonly logEnd: bigint | undefined
  readonly hot: bigint | undefined
  readonly cold: bigint | undefined
}

/** Times are event time, ms; −∞: not known yet. A tier's lag is how far its time is behind the clock. */
export interface TiersHealth {
  readonly state: 'ok' | 'degraded'
  /** What is wrong, in words. */
  readonly reasons: readonly string[]
  /** '': the first. */
  readonly version: string
  /** W: the age of results is measured from it. */
  readonly watermark: number
  /** C: cold has everything with an end up to here. */
  readonly complete: number
  /** B: cold answers for ends up to here. */
  readonly boundary: number
  /** W less how long hot serves, less B: how far the boundary is behind, 0 at best and before the first write to cold. */
  readonly heldBackMs: number
  readonly hot: {
    readonly watermark: number
    readonly lagMs: number
    readonly evictedTo: number
    readonly alive: boolean
  }
  /** `goneTo`: results with ends up to here may have expired; −∞ where all are kept, and for tiers without a log. */
  readonly cold: { readonly watermark: number; readonly lagMs: number; readonly goneTo: number }
  readonly partitions: readonly PartitionHealth[]
}

export interface HealthOptions {
  readonly log: ResultsLog | undefined
  readonly clock: Clock
  readonly serveForMs: number
  readonly version: string
  readonly maxWaitMs: number
}

const UNKNOWN = Number.NEGATIVE_INFINITY

export async function healthOf<K, V, W>(
  layer: Layer<K, V, W>,
  { log, clock, serveForMs, version, maxWaitMs }: HealthOptions,
): Promise<TiersHealth> {
  const reasons: string[] = []
  const attempt = async <T>(what: string, ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await inTime(ask(), clock, maxWaitMs)
    } catch (error) {
      reasons.push(`${what}: ${textOf(error)}`)
      return undefined
    }
  }
  const open = await attempt('the tiers cannot be opened', () => layer.open())
  const partitions = open?.partitions ?? []
  // One store that does not answer is not waited for before the next is asked.
  const [shards, records, bytes, bounds] = await Promise.all([
    attempt('hot cannot be read', async () => open?.hot.state()),
    attempt('cold cannot be read', async () =>
      Promise.all(
        partitions.map(async (partition) => {
          const said = await open?.cold.register(REGISTERS.partition(partition))
          return said === undefined ? undefined : decodeRegister<PartitionRecord>(partition, said)
        }),
      ),
    ),
    attempt('the boundary cannot be read', async () => open?.cold.register(REGISTERS.boundary)),
    attempt('the log cannot be read', async () => log && boundsOf(log)),
  ])
  const boundary = bytes === undefined ? UNKNOWN : decodeRegister<BoundaryRecord>(REGISTERS.boundary, bytes).boundary
  const { complete, watermark } = coldFrontier(records ?? [])
  const states = [...(shards?.values() ?? [])]
  const least = (of: (state: (typeof states)[number]) => number): number =>
    states.reduce((a, state) => Math.min(a, of(state)), states.length === 0 ? UNKNOWN : Number.POSITIVE_INFINITY)
  const hotWatermark = least(({ applied }) =>
    partitions.reduce((a, one) => Math.min(a, applied.get(one)?.watermark ?? UNKNOWN), Number.POSITIVE_INFINITY),
  )
  const alive = states.length > 0 && states.every((state) => state.alive)
  if (shards !== undefined && !alive && log !== undefined)
    reasons.push('hot has no heartbeat: nothing keeps it current')
  const due = watermark - serveForMs
  const heldBackMs =
    Number.isFinite(due) && complete !== UNKNOWN && complete < due ? due - Math.max(boundary, complete) : 0
  if (heldBackMs > 0) reasons.push(`the boundary is ${heldBackMs}ms behind: cold has not been written so far`)
  const now = clock.now()
  const gone = (records ?? []).reduce((most, record) => Math.max(most, goneTo(record, open?.keepForMs, now)), UNKNOWN)
  const places = partitions.map((partition, i): PartitionHealth => {
    const at = bounds?.get(partition)
    const hot = states.reduce<bigint | undefined>(
      (a, { applied }) => lesser(a, applied.get(partition)?.offset),
      undefined,
    )
    return { partition, logBegin: at?.first, logEnd: at?.end, hot, cold: records?.[i]?.covered }
  })
  if (shards !== undefined && records !== undefined) reasons.push(...troubles(layer.standstill, places, now))
  return {
    state: reasons.length === 0 ? 'ok' : 'degraded',
    reasons,
    version,
    watermark,
    complete,
    boundary,
    heldBackMs,
    hot: { watermark: hotWatermark, lagMs: now - hotWatermark, evictedTo: least(({ evictedTo }) => evictedTo), alive },
    cold: { watermark, lagMs: now - watermark, goneTo: gone },
    partitions: places,
  }
}

async function boundsOf(
  log: ResultsLog,
): Promise<ReadonlyMap<string, { readonly first: bigint; readonly end: bigint }>> {
  const session = await log.open({})
  try {
    return new Map(await Promise.all(session.partitions.map(async (one) => [one, await session.bounds(one)] as const)))
  } finally {
    await session.close()
  }
}

/** A tier that stands still while the other one is further, or that lacks what the log has no more. */
function troubles(standstill: Standstill, places: readonly PartitionHealth[], now: number): readonly string[] {
  const found: string[] = []
  for (const { partition, logBegin, hot, cold } of places) {
    for (const [tier, at, other] of [
      ['hot', hot, cold],
      ['cold', cold, hot],
    ] as const) {
      const stillMs = standstill.note(`${tier} ${partition}`, at, other, now)
      if (stillMs >= SILENT_MS)
        found.push(
          `${tier} has stood still for ${stillMs}ms at ${at ?? 'the beginning'} of partition '${partition}', the other tier is at ${other}`,
        )
      if (at !== undefined && logBegin !== undefined && at < logBegin)
        found.push(`${tier} lacks what the log has no more of partition '${partition}': ${at} to ${logBegin}`)
    }
  }
  return found
}

function lesser(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a
}
