/** Owns which partition a key goes to: murmur2 as the Java producer computes it, so that co-partitioned topics agree. */

const SEED = 0x9747b28c
const MIX = 0x5bd1e995

/** The 32-bit murmur2 hash of the bytes, signed as in Java. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes
  const whole = length & ~3
  let hash = SEED ^ length
  for (let at = 0; at < whole; at += 4) {
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    const mixed = Math.imul(word, MIX)
    hash = Math.imul(hash, MIX) ^ Math.imul(mixed ^ (mixed >>> 24), MIX)
  }
  if (whole < length) {
    for (let at = length - 1; at >= whole; at--) hash ^= (bytes[at] as number) << (8 * (at - whole))
    hash = Math.imul(hash, MIX)
  }
  hash ^= hash >>> 13
  hash = Math.imul(hash, MIX)
  return hash ^ (hash >>> 15)
}

/** The partition of a key among so many. */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fff_ffff) % partitions
}
