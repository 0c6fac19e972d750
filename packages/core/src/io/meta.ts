/** Owns what is known about a record besides its value. At run time it is made on demand, never per record. */

export type KeyPart = string | number | bigint | boolean | Uint8Array
/** What a record can be keyed by; compared by typed encoding ('1' and 1 differ), never by object identity. */
export type Key = KeyPart | readonly KeyPart[]

/** A place in a split of a source: the offset of the next record to read. */
export interface Position {
  readonly split: string
  readonly offset: bigint
}

export interface Meta {
  /** The record's own key, as the source gives it (a Kafka record key). */
  readonly key: Key | undefined
  readonly headers: ReadonlyMap<string, Uint8Array>
  readonly split: string
  readonly position: Position
  /** When the record reached us, processing time in ms. */
  readonly arrivedAt: number
  /** The timestamp that the source keeps beside the value, if it does (Kafka's record timestamp). */
  readonly timestamp: number | undefined
}

/** Meta of a record that has been through `eventTime`. */
export interface TimedMeta extends Meta {
  readonly eventTime: number
}
