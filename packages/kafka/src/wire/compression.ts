/** Owns packing and unpacking the records of a batch, with a cap on what comes out. gzip and zstd are Node's. */
import zlib from 'node:zlib'
import { StreamError, reasonOf } from '@tidemark/core'
import { unpackLz4 } from './lz4.ts'
import { malformed } from './malformed.ts'
import { tooLarge } from './output.ts'
import { unpackSnappy } from './snappy.ts'

const NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** What batches can be packed with; snappy and lz4 are read, not written. */
export type Compression = 'none' | 'gzip' | 'zstd'

/** What a compression is in the attributes of a batch. */
export function compressionBits(compression: Compression): number {
  return NAMES.indexOf(compression)
}

/**
 * Unpacks; never more than `cap` bytes come out.
 * @throws StreamError KAFKA_TOO_LARGE above the cap, KAFKA_COMPRESSION for an algorithm that is not there,
 * KAFKA_BAD_BATCH for bytes that cannot be unpacked
 */
export function decompress(bits: number, packed: Uint8Array, cap: number): Uint8Array {
  const name = NAMES[bits]
  if (name === undefined) {
    throw new StreamError(
      'KAFKA_COMPRESSION',
      `A record batch: found compression ${bits}, expected 0 to 4 (${NAMES.join(', ')}). Ask its producer for another compression.`,
    )
  }
  try {
    return unpack(name, buffer(packed), cap)
  } catch (cause) {
    if (cause instanceof StreamError) throw cause
    if ((cause as { readonly code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(cap)
    throw malformed(`A batch packed by ${name}`, reasonOf(cause), `what ${name} unpacks`, cause)
  }
}

function unpack(name: (typeof NAMES)[number], packed: Buffer, cap: number): Uint8Array {
  switch (name) {
    case 'none':
      return packed
    case 'gzip':
      return zlib.gunzipSync(packed, { maxOutputLength: cap })
    case 'zstd':
      if (typeof zlib.zstdDecompressSync !== 'function') throw noZstd()
      return zlib.zstdDecompressSync(packed, { maxOutputLength: cap })
    case 'lz4':
      return unpackLz4(packed, cap)
    case 'snappy':
      return unpackSnappy(packed, cap)
  }
}

/** Packs the records of a batch. */
export function compress(name: Compression, bytes: Uint8Array): Uint8Array {
  switch (name) {
    case 'none':
      return bytes
    case 'gzip':
      return zlib.gzipSync(bytes)
    case 'zstd':
      if (typeof zlib.zstdCompressSync !== 'function') throw noZstd()
      return zlib.zstdCompressSync(bytes)
  }
}

function noZstd(): StreamError {
  return new StreamError(
    'KAFKA_COMPRESSION',
    'A record batch: found compression zstd, expected one that this Node has. Use Node 22.15 or newer, or gzip.',
  )
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
