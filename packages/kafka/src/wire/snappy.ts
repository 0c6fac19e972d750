/**
 * Owns unpacking snappy, stopped at a cap: single blocks, and the frame that Java producers put around several. Why not
 * by the client's function: see `lz4.ts`.
 */
import { malformed } from './malformed.ts'
import { Output, tooLarge } from './output.ts'

const FRAME = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]
/** The mark above, a version and the least version that can read it. */
const FRAME_HEAD_BYTES = 16

/** Unpacks a block or a frame of blocks, at most `cap` bytes. */
export function unpackSnappy(packed: Buffer, cap: number): Uint8Array {
  if (packed.length < FRAME_HEAD_BYTES || FRAME.some((byte, i) => packed[i] !== byte)) {
    const out = new Output(packed.length * 4, cap)
    block(packed, 0, packed.length, cap, out)
    return out.result()
  }
  const parts: Uint8Array[] = []
  let size = 0
  for (let at = FRAME_HEAD_BYTES; at < packed.length;) {
    const length = at + 4 <= packed.length ? packed.readInt32BE(at) : -1
    const left = packed.length - at - 4
    if (length < 0 || length > left) throw malformed('A snappy frame', `a block of ${length} bytes`, `0 to ${left}`)
    // References of a block never reach into the one before.
    const out = new Output(length * 4, cap - size)
    block(packed, at + 4, at + 4 + length, cap - size, out)
    size += out.size
    parts.push(out.result())
    at += 4 + length
  }
  return Buffer.concat(parts)
}

function block(packed: Uint8Array, start: number, end: number, cap: number, out: Output): void {
  let at = start
  let said = 0
  for (let shift = 0; ; shift += 7) {
    const byte = at < end ? (packed[at++] as number) : 0x80
    if (shift > 28 || at > end || (at === end && byte > 0x7f)) {
      throw malformed('A snappy block', 'a size that does not end', 'a 32-bit varint')
    }
    said += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (said > cap) throw tooLarge(cap)
  while (at < end) {
    const tag = packed[at++] as number
    const kind = tag & 3
    // How many bytes follow the tag: of a long literal's length, or of a reference.
    const extra = kind === 0 ? Math.max(0, (tag >>> 2) - 59) : kind === 3 ? 4 : kind
    if (extra > end - at) throw cut()
    let number = 0
    for (let i = 0; i < extra; i++) number += (packed[at + i] as number) * 2 ** (8 * i)
    at += extra
    if (kind === 0) {
      const length = (extra === 0 ? tag >>> 2 : number) + 1
      if (length > end - at) throw cut()
      out.literals(packed, at, at + length)
      at += length
    } else if (kind === 1) out.match(((tag >>> 5) << 8) | number, ((tag >>> 2) & 7) + 4)
    else out.match(number, (tag >>> 2) + 1)
    if (out.size > said) break
  }
  if (out.size !== said) throw malformed('A snappy block', `${out.size} bytes or more`, `${said}, as its head says`)
}

function cut(): Error {
  return malformed('A snappy block', 'an end in the middle of an element', 'whole elements')
}
