/**
 * Owns the few small values that writers and readers agree by, in the cold store, as bytes: the record of each log
 * partition, the boundary, the settings that must be the same everywhere, and which version of the results is served.
 */
import { StreamError } from '@tidemark/core'
import type { FrontierState, TaskReport } from './frontier.ts'

/** What cold says of one log partition: its results with ends up to `complete` that come before `covered` are durable. */
export interface PartitionRecord {
  readonly partition: string
  /** Everything before this is durable, or of no interest: where a new writer begins. */
  readonly resume: bigint
  readonly covered: bigint
  /** C of the partition, −∞ before it is known; where its input has ended, no limit. */
  readonly complete: number
  /** The greatest window end that was written. */
  readonly lastEnd: number
  readonly frontier: FrontierState
  /** When this was said, by the clock of whoever did, ms: what expires does so by the clock, also while W stands still. */
  readonly at: number
  /** What ends up to here may have expired, −∞ where cold keeps everything. */
  readonly goneTo: number
}

export interface BoundaryRecord {
  readonly boundary: number
  /** Hot had data: a shard without any has lost them. */
  readonly hotFilled: boolean
}

/** Whoever reads or writes one aggregation must mean the same by these. */
export interface Settings {
  readonly leaseMs: number
  readonly longestQueryMs: number
  readonly overlapMs: number
  /** How long cold keeps results, the shortest that was ever said; undefined: for ever. */
  readonly keepForMs?: number | undefined
  /** Of the log. */
  readonly partitions: readonly string[]
}

/** Which version of the results answers. */
export interface ServedVersion {
  readonly version: string
}

export const REGISTERS = {
  partition: (partition: string): string => `partition/${partition}`,
  boundary: 'boundary',
  settings: 'settings',
  serving: 'serving',
  direct: 'direct',
} as const

declare const TextEncoder: new () => { encode(text: string): Uint8Array }
declare const TextDecoder: new () => { decode(bytes: Uint8Array): string }
const FORMAT = 1

export function encodeRegister(value: object): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({ format: FORMAT, ...value }, (_, part: unknown) => {
      if (typeof part === 'bigint') return { bigint: String(part) }
      if (typeof part === 'number' && !Number.isFinite(part)) return { number: String(part) }
      if (part instanceof Map) return { map: [...part] }
      return part
    }),
  )
}

/** @throws StreamError BAD_REGISTER for what this version has not written */
export function decodeRegister<T extends object>(name: string, bytes: Uint8Array): T {
  try {
    const { format, ...value } = JSON.parse(new TextDecoder().decode(bytes), (_, part: unknown) => {
      if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
      if (typeof (part as { bigint?: unknown }).bigint === 'string') return BigInt((part as { bigint: string }).bigint)
      if (typeof (part as { number?: unknown }).number === 'string') return Number((part as { number: string }).number)
      if (Array.isArray((part as { map?: unknown }).map)) return new Map((part as { map: [string, TaskReport][] }).map)
      return part
    }) as T & { format: unknown }
    if (format !== FORMAT) throw new Error(`format ${String(format)}`)
    return value as unknown as T
  } catch (cause) {
    throw new StreamError(
      'BAD_REGISTER',
      `The register '${name}' of the cold store: found ${bytes.length} bytes of another format, expected format ${FORMAT}. Somebody else writes under the same name, or a newer version of Tidemark does: give the results a name of their own.`,
      { cause },
    )
  }
}

export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** What the records of all partitions say together. */
export interface ColdFrontier {
  /** C: everything with an end up to here is durable in cold. Finite, or −∞. */
  readonly complete: number
  /** W in event time: the age of results is measured from it. Finite, or −∞. */
  readonly watermark: number
  readonly ended: boolean
  readonly covered: ReadonlyMap<string, bigint>
}

/**
 * Up to which window end results may have expired by now: W goes on with the clock while nobody says another. Where there
 * never was one, age is measured from the last window end.
 */
export function goneTo(record: PartitionRecord | undefined, keepForMs: number | undefined, now: number): number {
  if (record === undefined || keepForMs === undefined) return Number.NEGATIVE_INFINITY
  const { goneTo: said, at, lastEnd } = record
  const watermark = Number.isFinite(record.frontier.watermark) ? record.frontier.watermark : lastEnd
  return Math.max(said, watermark + Math.max(0, now - at) - keepForMs)
}

/**
 * The minimum over partitions. A partition whose input has ended holds nothing back; when all have ended, C is the last
 * window end written, and age is measured from there: the +∞ itself is no time, and the W before it is that of some
 * commit, far behind or unknown where much was read in one step.
 */
export function coldFrontier(records: readonly (PartitionRecord | undefined)[]): ColdFrontier {
  const covered = new Map<string, bigint>()
  let [complete, watermark] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  let [lastEnd, lastWatermark] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let known = records.length > 0
  for (const record of records) {
    if (record === undefined) {
      known = false
      continue
    }
    covered.set(record.partition, record.covered)
    lastEnd = Math.max(lastEnd, record.lastEnd)
    lastWatermark = Math.max(lastWatermark, record.frontier.watermark)
    if (record.frontier.ended) continue
    complete = Math.min(complete, record.complete)
    watermark = Math.min(watermark, record.frontier.watermark)
  }
  if (!known) return { complete: Number.NEGATIVE_INFINITY, watermark: Number.NEGATIVE_INFINITY, ended: false, covered }
  const ended = watermark === Number.POSITIVE_INFINITY
  return {
    complete: ended ? lastEnd : complete,
    watermark: ended ? Math.max(lastWatermark, lastEnd) : watermark,
    ended,
    covered,
  }
}
