/**
 * Owns unpacking LZ4 frames (LZ4 frame and block format descriptions), stopped at a cap. The client's own function has no
 * cap, says `unreachable` of damaged bytes, and would have to be loaded for the twin as well. Checksums of the frame are
 * not looked at: that of the batch covers the same bytes.
 */
import { malformed } from './malformed.ts'
import { Output } from './output.ts'

const MAGIC = 0x184d2204
const BLOCK_CHECKSUM = 0b0001_0000
const CONTENT_SIZE = 0b0000_1000
const CONTENT_CHECKSUM = 0b0000_0100
const DICTIONARY = 0b0000_0001
/** The high bit of a block's size: it is stored as it is. */
const STORED = 0x8000_0000
const LEAST_MATCH = 4

/** Unpacks the frames in `packed`, at most `cap` bytes. */
export function unpackLz4(packed: Buffer, cap: number): Uint8Array {
  const out = new Output(packed.length * 4, cap)
  let at = 0
  while (at < packed.length) at = frame(packed, at, out)
  return out.result()
}

function frame(packed: Buffer, start: number, out: Output): number {
  if (packed.length - start < 7 || packed.readUInt32LE(start) !== MAGIC) {
    throw malformed('An LZ4 frame', `${packed.subarray(start, start + 4).toString('hex')} at its start`, '04224d18')
  }
  const flags = packed[start + 4] as number
  if ((flags & DICTIONARY) !== 0) throw malformed('An LZ4 frame', 'a dictionary', 'none')
  // Magic, flags, block descriptor, the content size that the flags may announce, checksum of the head.
  let at = start + 6 + ((flags & CONTENT_SIZE) === 0 ? 0 : 8) + 1
  for (;;) {
    if (at + 4 > packed.length) throw cut()
    const head = packed.readUInt32LE(at)
    at += 4
    if (head === 0) break
    const end = at + (head % STORED)
    if (end > packed.length) throw cut()
    if (head >= STORED) out.literals(packed, at, end)
    else block(packed, at, end, out)
    at = end + ((flags & BLOCK_CHECKSUM) === 0 ? 0 : 4)
  }
  return at + ((flags & CONTENT_CHECKSUM) === 0 ? 0 : 4)
}

function block(packed: Uint8Array, start: number, end: number, out: Output): void {
  let at = start
  while (at < end) {
    const token = packed[at++] as number
    let literals = token >>> 4
    if (literals === 15) {
      let byte: number
      do {
        if (at >= end) throw cut()
        byte = packed[at++] as number
        literals += byte
      } while (byte === 255)
    }
    if (literals > end - at) throw cut()
    out.literals(packed, at, at + literals)
    at += literals
    // The last sequence of a block is literals only.
    if (at === end) return
    if (at + 2 > end) throw cut()
    const distance = (packed[at] as number) | ((packed[at + 1] as number) << 8)
    at += 2
    let length = (token & 15) + LEAST_MATCH
    if ((token & 15) === 15) {
      let byte: number
      do {
        if (at >= end) throw cut()
        byte = packed[at++] as number
        length += byte
      } while (byte === 255)
    }
    out.match(distance, length)
  }
}

function cut(): Error {
  return malformed('An LZ4 frame', 'an end in the middle of a block', 'whole blocks and an end mark')
}
