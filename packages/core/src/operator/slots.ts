/**
 * Owns which slot a key has. Slots are given in order and only the newest is ever taken back, so the ids in order are the
 * keys in the order of their slots, wherever a key is its own id.
 *
 * A native Map holds fewer than 2^24 entries, and needs twice the room while it grows. What comes beyond a limit goes
 * into another Map; a key is looked for in one after the other, which are two for ten million keys.
 */

const MOST_OF_A_MAP = 2 ** 23

export class Slots {
  readonly #first: Map<unknown, number> = new Map()
  /** Maps after the first, each begun when the one before it was full. */
  #more: Map<unknown, number>[] | undefined = undefined
  readonly #limit: number

  constructor(limit: number = MOST_OF_A_MAP) {
    this.#limit = limit
  }

  get(id: unknown): number | undefined {
    const slot = this.#first.get(id)
    return slot !== undefined || this.#more === undefined ? slot : beyond(this.#more, id)
  }

  /** The slot of an id that has none. */
  set(id: unknown, slot: number): void {
    const last = this.#more?.at(-1) ?? this.#first
    if (last.size < this.#limit) last.set(id, slot)
    else (this.#more ??= []).push(new Map([[id, slot]]))
  }

  /** Takes back the id that was set last. */
  delete(id: unknown): void {
    const last = this.#more?.at(-1) ?? this.#first
    last.delete(id)
  }

  /** Ids with their slots, in the order of slots. */
  get maps(): readonly ReadonlyMap<unknown, number>[] {
    return [this.#first, ...(this.#more ?? [])]
  }

  /** Hands out ids in the order of their slots, so many at a time. */
  reader(): (count: number) => unknown[] {
    const maps = [...this.maps]
    let ids = (maps.shift() as ReadonlyMap<unknown, number>).keys()
    return (count) => {
      // oxlint-disable-next-line unicorn/no-new-array -- room, not items
      const read = new Array<unknown>(count)
      let size = 0
      while (size < count) {
        const { value, done } = ids.next()
        if (done !== true) {
          read[size++] = value
          continue
        }
        const next = maps.shift()
        if (next === undefined) break
        ids = next.keys()
      }
      read.length = size
      return read
    }
  }

  /** All ids in the order of their slots. (A Map hands out all its keys at once five times as fast as one by one.) */
  ids(): unknown[] {
    const first = Array.from(this.#first.keys())
    return this.#more === undefined ? first : first.concat(...this.#more.map((map) => Array.from(map.keys())))
  }
}

function beyond(maps: readonly Map<unknown, number>[], id: unknown): number | undefined {
  for (const map of maps) {
    const slot = map.get(id)
    if (slot !== undefined) return slot
  }
  return undefined
}
