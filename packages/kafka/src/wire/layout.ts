/** Owns where the fields of a record batch (magic 2) are, and what the bits of its attributes mean. */

/** Byte offsets from the start of a batch. */
export const AT = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  count: 57,
  records: 61,
} as const

/** The length field counts what comes after it. */
export const BEFORE_LENGTH_ENDS = 12

export const MAGIC = 2

export const COMPRESSION_BITS = 0b0000_0111
export const LOG_APPEND_TIME_BIT = 0b0000_1000
export const TRANSACTIONAL_BIT = 0b0001_0000
export const CONTROL_BIT = 0b0010_0000

/** The least a record takes: length, attributes, two deltas, null key, null value, no headers. */
export const LEAST_RECORD_BYTES = 7
