/** Owns values as bytes, where a pipeline writes to HBase directly or reads from it. */

/** Both ways; `decode` gets a view that it must not keep. */
export interface Codec<V> {
  readonly encode: (value: V) => Uint8Array
  readonly decode: (bytes: Uint8Array) => V
}

/** JSON in UTF-8; what is read is trusted to be a V. */
export function jsonCodec<V>(): Codec<V> {
  return {
    encode: (value) => Buffer.from(JSON.stringify(value) ?? 'null'),
    decode: (bytes) => JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as V,
  }
}
