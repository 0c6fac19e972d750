/**
 * Owns the entries of one log in an environment: by offset, without gaps, the oldest of them gone where retention has
 * taken them. Entries are clones by node:v8.
 */
import { deserialize, serialize } from 'node:v8'
import { type LogBatch, type LogEntry, type LoggedProgress, type LoggedResult, StreamError } from '@tidemark/core'
import type { Environment } from './environment.ts'
import { AREA, keyOf, u32, u64 } from './keys.ts'

/** An entry that has no place in the log yet. */
export type NewEntry = Omit<LoggedResult, 'offset'> | Omit<LoggedProgress, 'offset'>

export interface Bounds {
  readonly first: bigint
  readonly end: bigint
}

/** So many entries go with a commit beside as many as came twice over: a commit never has to make room for long. */
const GO_AT_LEAST = 1_000n

export class LogTable {
  readonly #environment: Environment
  readonly #id: Buffer
  readonly #retain: bigint

  constructor(environment: Environment, id: number, retain: number) {
    this.#environment = environment
    this.#id = u32(id)
    this.#retain = BigInt(retain)
  }

  bounds(): Bounds {
    const bytes = this.#environment.read(() => this.#environment.db.get(keyOf(AREA.bounds, this.#id)))
    return bytes === undefined
      ? { first: 0n, end: 0n }
      : { first: bytes.readBigUInt64BE(), end: bytes.readBigUInt64BE(8) }
  }

  /** Inside of a transaction. */
  append(entries: readonly NewEntry[]): void {
    const { db } = this.#environment
    const bounds = this.bounds()
    let { first, end } = bounds
    for (const entry of entries) db.putSync(this.#at(end++), serialize(entry))
    const most = 2n * (end - bounds.end) + GO_AT_LEAST
    for (let gone = 0n; end - first > this.#retain && gone < most; gone++) db.removeSync(this.#at(first++))
    if (end > bounds.end) db.putSync(keyOf(AREA.bounds, this.#id), Buffer.concat([u64(first), u64(end)]))
  }

  /** @throws StreamError OFFSET_LOST */
  read(from: bigint, limit: number): LogBatch {
    return this.#environment.read(() => {
      const { first, end } = this.bounds()
      if (from < first || from > end) throw lost(from, first, end)
      const range = { start: this.#at(from), end: this.#at(end), limit }
      const entries = [...this.#environment.db.getRange(range)].map(
        ({ value }, i) => ({ ...(deserialize(value) as NewEntry), offset: from + BigInt(i) }) as LogEntry,
      )
      const next = from + BigInt(entries.length)
      return { entries, next, caughtUp: next === end }
    })
  }

  #at(offset: bigint): Buffer {
    return keyOf(AREA.log, this.#id, u64(offset))
  }
}

function lost(from: bigint, first: bigint, end: bigint): StreamError {
  return new StreamError(
    'OFFSET_LOST',
    `Reading an embedded results log: found offset ${from} outside of it, expected one from ${first} to ${end}. Retention has taken results that a reader had not read: make 'retain' larger, and fill what reads it anew.`,
    { at: { offset: from } },
  )
}
