/**
 * Owns the data: drafts are made once per bench, records anew before each timed run. A decoder hands every record a new
 * key string, so every run gets new ones, cut out of bytes, whose hash nobody has computed yet.
 */

/** What pipelines and hand loops read. */
export interface Event {
  readonly key: string
  readonly at: number
  readonly value: number
}

/** Records without their keys' strings: columns of key numbers, timestamps and whole values. */
export interface Draft {
  readonly keys: Int32Array
  readonly at: Float64Array
  readonly values: Int32Array
}

/** An ordinary day: timestamps have as many digits as real ones. */
export const T0 = 1_700_000_040_000

const KEY_BYTES = 12

/** Numbers from 0 to below − 1 that are the same in every run (xorshift32). */
export function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

export function emptyDraft(records: number): Draft {
  return { keys: new Int32Array(records), at: new Float64Array(records), values: new Int32Array(records) }
}

/** The records at some places of a draft. */
export function pick(from: Draft, places: readonly number[]): Draft {
  const draft = emptyDraft(places.length)
  for (const [i, place] of places.entries()) {
    draft.keys[i] = from.keys[place] as number
    draft.at[i] = from.at[place] as number
    draft.values[i] = from.values[place] as number
  }
  return draft
}

/** Makes strings for keys, cut out of bytes: each call a new one. */
export function keyMaker(): (key: number) => string {
  const bytes = Buffer.alloc(KEY_BYTES, 'user-0000000', 'latin1')
  return (key) => {
    let rest = key
    for (let place = KEY_BYTES - 1; place > 4; place--) {
      bytes[place] = 48 + (rest % 10)
      rest = Math.floor(rest / 10)
    }
    return bytes.toString('latin1', 0, KEY_BYTES)
  }
}

/** Records of a draft with new key strings, from a place up to another. */
export function freshRecords(
  { keys, at, values }: Draft,
  from = 0,
  to: number = keys.length,
  keyOf: (key: number) => string = keyMaker(),
): Event[] {
  const records: Event[] = []
  for (let i = from; i < to; i++)
    records.push({ key: keyOf(keys[i] as number), at: at[i] as number, value: values[i] as number })
  return records
}
