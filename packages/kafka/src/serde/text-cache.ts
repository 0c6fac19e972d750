/**
 * Owns text made of short ASCII bytes: the same bytes mostly come again (keys, categories), and then the text that was
 * made for them before costs half of making it anew. One entry for each place of a table of fixed size, the newest wins.
 */
import { asBuffer } from './as-buffer.ts'

const PLACES = 4_096
/** Longer text is made each time: comparing it would cost as much. */
const LONGEST = 32

const kept: string[] = Array.from({ length: PLACES }, () => '')

/** The text of bytes[start, end) if they are few and ASCII, else undefined. */
export function shortText(bytes: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start
  if (length > LONGEST) return undefined
  let hash = length
  let seen = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    seen |= byte
    hash = Math.imul(hash ^ byte, 0x01000193)
  }
  if (seen > 0x7f) return undefined
  const place = (hash ^ (hash >>> 15)) & (PLACES - 1)
  const known = kept[place] as string
  if (known.length === length) {
    let i = 0
    while (i < length && known.charCodeAt(i) === bytes[start + i]) i++
    if (i === length) return known
  }
  const made = asBuffer(bytes).toString('latin1', start, end)
  kept[place] = made
  return made
}
