/**
 * Owns the state of one task as records of a changelog: a part of the state that has changed is a record, one that is
 * gone a tombstone, one that is as it was is none. A part that is too large for a record is cut into several.
 */
import { createHash } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import { StreamError, fromParts, notPlain, partsOf, reasonOf } from '@tidemark/core'

/** What a part is cut into: well below what brokers take by default. */
const MOST_BYTES = 512 * 1024
const FORMAT = 1
/** In front of the first slice of a part: format, and how many slices there are. */
const HEAD_BYTES = 5

export interface Change {
  readonly key: string
  /** Null: there is no such record any more. */
  readonly value: Uint8Array | null
}

export class TaskState {
  /** Digests of the records that are committed, by key. */
  #committed: Map<string, string>
  /** What the open transaction makes of them. */
  #pending: Map<string, string> | undefined

  /** `records`: what the changelog holds, by key. */
  constructor(records: ReadonlyMap<string, Uint8Array>) {
    this.#committed = new Map([...records].map(([key, value]) => [key, digestOf(value)]))
  }

  /** The records of a state that are not in the changelog as they are. Throws for what cannot be cloned. */
  *changes(state: unknown): Generator<Change, void> {
    const before = this.#pending ?? this.#committed
    const now = new Map<string, string>()
    this.#pending = now
    for (const { name, value } of partsOf(state)) {
      for (const record of recordsOf(name, value)) {
        const digest = digestOf(record.value)
        now.set(record.key, digest)
        if (before.get(record.key) !== digest) yield record
      }
    }
    for (const key of before.keys()) if (!now.has(key)) yield { key, value: null }
  }

  committed(): void {
    this.#committed = this.#pending ?? this.#committed
    this.#pending = undefined
  }
}

/** The state that records of a changelog hold; undefined where they hold none. */
export function stateOf(records: ReadonlyMap<string, Uint8Array>): unknown {
  const parts = new Map<string, unknown>()
  for (const [key, first] of records) {
    if (key.includes(SLICE)) continue
    const view = new DataView(first.buffer, first.byteOffset, first.byteLength)
    if (first.length < HEAD_BYTES || view.getUint8(0) !== FORMAT)
      throw unreadable(`format ${first[0] ?? 'nothing'} at '${key}'`)
    const slices = [first.subarray(HEAD_BYTES)]
    for (let i = 1; i < view.getUint32(1); i++) {
      const slice = records.get(`${key}${SLICE}${i}`)
      if (slice === undefined) throw unreadable(`no slice ${i} of '${key}'`)
      slices.push(slice)
    }
    parts.set(
      key.slice(PREFIX.length),
      deserialize(slices.length === 1 ? (slices[0] as Uint8Array) : Buffer.concat(slices)),
    )
  }
  if (parts.size === 0) return undefined
  try {
    return fromParts(parts)
  } catch (error) {
    throw unreadable(reasonOf(error))
  }
}

/** The name of the whole is empty, which no key may be. */
const PREFIX = 'state'
/** Names of parts are escaped, so none has it. */
const SLICE = '#'

function* recordsOf(name: string, value: unknown): Generator<{ readonly key: string; readonly value: Uint8Array }> {
  let bytes: Uint8Array
  try {
    bytes = serialize(value)
  } catch (cause) {
    throw notPlain(`The state at '${name}'`, `what cannot be cloned (${reasonOf(cause)})`, cause)
  }
  const slices = Math.max(1, Math.ceil(bytes.length / MOST_BYTES))
  for (let i = 0; i < slices; i++) {
    const slice = bytes.subarray(i * MOST_BYTES, (i + 1) * MOST_BYTES)
    yield i === 0
      ? { key: PREFIX + name, value: first(slice, slices) }
      : { key: `${PREFIX}${name}${SLICE}${i}`, value: slice }
  }
}

function first(slice: Uint8Array, slices: number): Uint8Array {
  const value = new Uint8Array(HEAD_BYTES + slice.length)
  const view = new DataView(value.buffer)
  view.setUint8(0, FORMAT)
  view.setUint32(1, slices)
  value.set(slice, HEAD_BYTES)
  return value
}

function digestOf(value: Uint8Array): string {
  return createHash('sha1').update(value).digest('base64')
}

function unreadable(found: string): StreamError {
  return new StreamError(
    'KAFKA_CHANGELOG',
    `A changelog: found ${found}, expected the state of a job that Tidemark has written. Another writer uses the topic, or a newer version wrote it: give the job a changelog of its own, or use that version.`,
  )
}
