/** Owns the one place that gives bytes Node's methods. */

/** Node's methods on the same bytes; nothing is copied. */
export function asBuffer(given: Uint8Array): Buffer {
  return given instanceof Buffer ? given : Buffer.from(given.buffer, given.byteOffset, given.byteLength)
}
