/**
 * Owns the cells of one set of results in an environment: by key for reads, and by window end for slices and for what
 * goes. Of two cells for one place the newer stays. All of it runs inside of a transaction that others have begun, but
 * for reads.
 */
import { type Cell, compareVersions } from '@tidemark/core'
import type { Database, Environment } from './environment.ts'
import { AREA, after, delimited, delimitedLength, isLong, keyOf, time, timeAt, u32 } from './keys.ts'

/** Cells in one part of a slice. */
const SLICE = 1_000
const WITHDRAWN = 1
const LONG_KEY = 2
const LONG_CORRECTION = 4
const HEAD = 17
/** Behind the area and the number of the results. */
const PLACE_AT = 5

export class Cells {
  readonly #db: Database
  readonly #environment: Environment
  readonly #id: Buffer

  constructor(environment: Environment, id: number) {
    this.#environment = environment
    this.#db = environment.db
    this.#id = u32(id)
  }

  /** False: what is kept is newer. */
  put(cell: Cell): boolean {
    const place = this.#placeOf(cell)
    const kept = this.#db.get(place)
    if (kept !== undefined && compareVersions(cell, versionOf(kept)) < 0) return false
    this.#db.putSync(place, encode(cell))
    if (kept === undefined) this.#db.putSync(this.#endOf(cell), place.subarray(PLACE_AT))
    return true
  }

  /** Cells of a key with ends in (from, to], in order of end, then start. */
  read(key: Uint8Array, from: number, to: number): readonly Cell[] {
    const of = keyOf(AREA.cells, this.#id, delimited(key))
    const range = { start: after(Buffer.concat([of, time(from)])), end: after(Buffer.concat([of, time(to)])) }
    return this.#environment.read(() =>
      [...this.#db.getRange(range)].map(({ key: place, value }) => decode(place, value)),
    )
  }

  /** Cells of all keys, part by part; what is written meanwhile may or may not be among them. */
  async *slice(from: number, to: number): AsyncGenerator<readonly Cell[], void> {
    for (let at = this.#upTo(from); ;) {
      const { part, last } = this.#environment.read(() => this.#part(at, this.#upTo(to)))
      if (last === undefined) return
      if (part.length > 0) yield part
      // The least key behind it.
      at = Buffer.concat([last, Uint8Array.of(0)])
    }
  }

  #part(start: Buffer, end: Buffer): { readonly part: readonly Cell[]; readonly last: Buffer | undefined } {
    const ends = [...this.#db.getRange({ start, end, limit: SLICE })]
    const part: Cell[] = []
    for (const { value } of ends) {
      const place = keyOf(AREA.cells, this.#id, value)
      const kept = this.#db.get(place)
      if (kept !== undefined) part.push(decode(place, kept))
    }
    return { part, last: ends.at(-1)?.key }
  }

  /** Removes what has an end in (from, to]; says how many went. */
  remove(from: number, to: number): number {
    let removed = 0
    for (;;) {
      const ends = [...this.#db.getRange({ start: this.#upTo(from), end: this.#upTo(to), limit: SLICE })]
      for (const { key, value } of ends) {
        this.#db.removeSync(keyOf(AREA.cells, this.#id, value))
        this.#db.removeSync(key)
        removed++
      }
      if (ends.length < SLICE) return removed
    }
  }

  #upTo(end: number): Buffer {
    return after(keyOf(AREA.ends, this.#id, time(end)))
  }

  #placeOf({ key, end, start, correction }: Cell): Buffer {
    const id = Buffer.from(correction)
    return keyOf(AREA.cells, this.#id, delimited(key), time(end), time(start), delimited(id))
  }

  #endOf({ key, end, start, correction }: Cell): Buffer {
    const id = Buffer.from(correction)
    return keyOf(AREA.ends, this.#id, time(end), time(start), delimited(key), delimited(id))
  }
}

/** A byte of flags, epoch and revision as doubles, what was too long for a key with its length, the value. */
function encode({ key, correction, epoch, revision, value }: Cell): Buffer {
  const id = Buffer.from(correction)
  const head = Buffer.alloc(HEAD)
  head[0] = (value === null ? WITHDRAWN : 0) | (isLong(key) ? LONG_KEY : 0) | (isLong(id) ? LONG_CORRECTION : 0)
  head.writeDoubleBE(epoch, 1)
  head.writeDoubleBE(revision, 9)
  const long = [key, id].filter(isLong).flatMap((bytes) => [u32(bytes.length), bytes])
  return Buffer.concat([head, ...long, ...(value === null ? [] : [value])])
}

function versionOf(bytes: Buffer): { readonly epoch: number; readonly revision: number } {
  return { epoch: bytes.readDoubleBE(1), revision: bytes.readDoubleBE(9) }
}

/** Copies: LMDB's bytes are its own. */
function decode(place: Buffer, bytes: Buffer): Cell {
  const flags = bytes[0] as number
  const keyAt = PLACE_AT
  const endAt = keyAt + delimitedLength(place, keyAt)
  const idAt = endAt + 16
  let at = HEAD
  const long = (): Uint8Array => {
    const length = bytes.readUInt32BE(at)
    at += 4 + length
    return Uint8Array.from(bytes.subarray(at - length, at))
  }
  const key = (flags & LONG_KEY) === 0 ? Uint8Array.from(place.subarray(keyAt + 1, endAt)) : long()
  const id = (flags & LONG_CORRECTION) === 0 ? place.subarray(idAt + 1) : long()
  return {
    key,
    start: timeAt(place, endAt + 8),
    end: timeAt(place, endAt),
    correction: Buffer.from(id).toString('utf8'),
    ...versionOf(bytes),
    value: (flags & WITHDRAWN) === 0 ? Uint8Array.from(bytes.subarray(at)) : null,
  }
}
