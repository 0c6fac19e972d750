/** Owns numbers of variable length: seven bits a byte, low ones first, signed ones in zigzag form. */

/** The bytes that `value` (a 32-bit integer) takes in zigzag form. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x20_0000) return 3
  return zigzag < 0x1000_0000 ? 4 : 5
}

/** Writes a 32-bit integer in zigzag form; returns where the next byte goes. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}

/** Whether a whole number can be written by `writeVarint`. */
export function isInt32(value: number): boolean {
  return value === (value | 0)
}

/** The bytes that a whole number takes as a 64-bit integer in zigzag form. */
export function varlongSize(value: number | bigint): number {
  if (typeof value === 'number' && isInt32(value)) return varintSize(value)
  let size = 1
  for (let rest = zigzag64(value); rest > 0x7fn; rest >>= 7n) size++
  return size
}

/** Writes a whole number as a 64-bit integer in zigzag form; returns where the next byte goes. */
export function writeVarlong(bytes: Uint8Array, at: number, value: number | bigint): number {
  if (typeof value === 'number' && isInt32(value)) return writeVarint(bytes, at, value)
  let rest = zigzag64(value)
  while (rest > 0x7fn) {
    bytes[at++] = Number(rest & 0x7fn) | 0x80
    rest >>= 7n
  }
  bytes[at++] = Number(rest)
  return at
}

function zigzag64(value: number | bigint): bigint {
  const wide = BigInt(value)
  return BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n))
}
