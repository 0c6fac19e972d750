/** Owns bytes as text to find them by: one character for each, so that no two are the same. */

declare const TextDecoder: new (label: 'latin1') => { decode(bytes: Uint8Array): string }
const latin1 = new TextDecoder('latin1')
/** For short ones a decoder takes longer to begin than to decode. */
const SHORT = 64

export function keyText(bytes: Uint8Array): string {
  // Not by spreading: that asks an iterator for each byte.
  if (bytes.length <= SHORT) return String.fromCharCode.apply(undefined, bytes as unknown as number[])
  return latin1.decode(bytes)
}
