/** Owns the checksum of record batches: CRC-32C (Castagnoli), eight bytes at a step by tables. */

const POLYNOMIAL = 0x82f63b78
const LANES = 8

/** Lane k, byte b: the remainder of b followed by k zero bytes. */
const tables = makeTables()

function makeTables(): Int32Array {
  const made = new Int32Array(LANES * 256)
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte
    for (let bit = 0; bit < 8; bit++)
      remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1
    made[byte] = remainder
  }
  for (let at = 256; at < made.length; at++) {
    const shorter = made[at - 256] as number
    made[at] = (shorter >>> 8) ^ (made[shorter & 255] as number)
  }
  return made
}

/** The CRC-32C of bytes[start, end), as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
  const t = tables
  const b = bytes as { readonly [index: number]: number } as number[]
  let crc = -1
  let at = start
  for (; at + LANES <= end; at += LANES) {
    crc ^= b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)
    crc =
      t[1792 + (crc & 255)]! ^
      t[1536 + ((crc >>> 8) & 255)]! ^
      t[1280 + ((crc >>> 16) & 255)]! ^
      t[1024 + (crc >>> 24)]! ^
      t[768 + b[at + 4]!]! ^
      t[512 + b[at + 5]!]! ^
      t[256 + b[at + 6]!]! ^
      t[b[at + 7]!]!
  }
  for (; at < end; at++) crc = t[(crc ^ b[at]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}
