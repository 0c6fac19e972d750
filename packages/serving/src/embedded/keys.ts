/**
 * Owns how places become keys of LMDB, whose keys are short: bytes in the order of what they mean.
 *
 * | part | bytes |
 * |---|---|
 * | area | 1: what it is about |
 * | results | 4: the number of the name of the results, big-endian |
 * | key, correction | 1 + n: the length and the bytes; beyond 200 bytes 255 and their sha256, the bytes stand in the value |
 * | time | 8: a double, big-endian, so that the order of bytes is that of numbers |
 */
import { createHash } from 'node:crypto'

/** Part of the format. */
export const AREA = {
  names: 1,
  /** By key, then end, start, correction: a cell. */
  cells: 2,
  /** By end, then start, key, correction: nothing; for slices, eviction and expiry. */
  ends: 3,
  registers: 4,
  /** What the hot store says of itself. */
  state: 5,
  /** By end: when hot lets go of it. */
  expiry: 6,
  /** By offset: an entry. */
  log: 7,
  /** Of a log, its first offset and the one behind its last entry. */
  bounds: 8,
  /** Whose a job is. */
  jobs: 9,
  /** By job, task and a digest of its name: a part of a state. */
  parts: 10,
} as const

const LONGEST = 200
const HASHED = 255

/** Parts of a key, one behind the other. */
export function keyOf(area: number, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Uint8Array.of(area), ...parts])
}

export function u32(n: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(n)
  return bytes
}

export function u64(n: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(n)
  return bytes
}

/** A number in order: ±∞ too. */
export function time(at: number): Buffer {
  const bytes = Buffer.alloc(8)
  // Minus zero is zero.
  bytes.writeDoubleBE(at === 0 ? 0 : at)
  if (((bytes[0] as number) & 0x80) === 0) bytes[0] = (bytes[0] as number) | 0x80
  else for (let i = 0; i < 8; i++) bytes[i] = ~(bytes[i] as number) & 0xff
  return bytes
}

export function timeAt(bytes: Uint8Array, at: number): number {
  const copy = Buffer.from(bytes.subarray(at, at + 8))
  if (((copy[0] as number) & 0x80) !== 0) copy[0] = (copy[0] as number) & 0x7f
  else for (let i = 0; i < 8; i++) copy[i] = ~(copy[i] as number) & 0xff
  return copy.readDoubleBE()
}

export function isLong(bytes: Uint8Array): boolean {
  return bytes.length > LONGEST
}

/** Bytes of any length as some that no other bytes begin with. */
export function delimited(bytes: Uint8Array): Buffer {
  return isLong(bytes)
    ? Buffer.concat([Uint8Array.of(HASHED), createHash('sha256').update(bytes).digest()])
    : Buffer.concat([Uint8Array.of(bytes.length), bytes])
}

/** How many bytes `delimited` has made at a place. */
export function delimitedLength(bytes: Uint8Array, at: number): number {
  const length = bytes[at] as number
  return 1 + (length === HASHED ? 32 : length)
}

/** What is behind every key that begins so. */
export function after(prefix: Uint8Array): Buffer {
  return Buffer.concat([prefix, Buffer.alloc(16, 0xff)])
}
