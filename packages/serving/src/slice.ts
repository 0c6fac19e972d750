/**
 * Owns reading all keys: stretch by stretch of time, each a look at both tiers as a whole, so that what is held at a time
 * is bounded and the lease is kept however long the whole takes.
 */
import { type Cell, type Clock, type ColdSession, type HotSession, StreamError } from '@tidemark/core'
import type { Ask, Fetched, Looks } from './fetch.ts'
import { keyText } from './key-text.ts'
import type { Place } from './unite.ts'
import { Turn } from './wait.ts'

export interface SliceOptions {
  readonly fetcher: Looks
  readonly hot: HotSession
  readonly cold: ColdSession
  readonly clock: Clock
}

/** Everything with a window end in (from, to]. */
export interface Stretch {
  readonly from: number
  readonly to: number
  readonly keys: readonly SlicedKey[]
  readonly watermarks: Fetched['watermarks']
}

export interface SlicedKey {
  readonly key: Uint8Array
  readonly places: readonly Place[]
}

/** Cells held for one stretch: with fewer the next one is longer, with more it is shorter; never more than the last. */
const FEW_CELLS = 50_000
const MANY_CELLS = 100_000
const MOST_CELLS = 2_000_000

/** Stretches end on multiples of `stepMs`, which is as short as they get. What is missing is an error. */
export async function* sliced(
  options: SliceOptions,
  from: number,
  to: number,
  stepMs: number,
): AsyncGenerator<Stretch, void> {
  const bounded = Number.isFinite(from) && Number.isFinite(to)
  let steps = 1
  for (let at = from; at < to;) {
    const upTo = bounded ? Math.min(to, (Math.floor(at / stepMs) + steps) * stepMs) : to
    let gathered: Gathered | undefined
    const { places, watermarks } = await options.fetcher.look(at, upTo, false, () => {
      gathered = new Gathered(options)
      return gathered
    })
    const { keys, cells } = gathered as Gathered
    if (cells > MANY_CELLS) steps = Math.max(1, Math.floor(steps / 2))
    else if (cells < FEW_CELLS) steps *= 2
    const found = keys.map((key, i) => ({ key, places: places[i] as readonly Place[] }))
    yield { from: at, to: upTo, keys: found, watermarks }
    at = upTo
  }
}

/** One look over all keys: a column per key that either tier knows. */
class Gathered implements Ask {
  readonly #options: SliceOptions
  readonly #columns: Map<string, number> = new Map()
  readonly keys: Uint8Array[] = []
  cells = 0

  constructor(options: SliceOptions) {
    this.#options = options
  }

  readonly columns: Ask['columns'] = () => this.keys.length

  readonly hot: Ask['hot'] = async (from, to) => {
    const { hot } = this.#options
    const shards = await hot.state()
    return { shards, cells: await this.#gather(hot.slice(from, to)) }
  }

  readonly cold: Ask['cold'] = (from, to) => this.#gather(this.#options.cold.slice(from, to))

  async #gather(batches: AsyncIterable<readonly Cell[]>): Promise<Cell[][]> {
    const lists: Cell[][] = []
    const turn = new Turn(this.#options.clock)
    let key: Uint8Array | undefined
    let list: Cell[] = []
    for await (const batch of batches) {
      this.cells += batch.length
      if (this.cells > MOST_CELLS) throw tooLarge()
      for (const cell of batch) {
        // Stores tell what they have of a key in a row.
        if (cell.key !== key) {
          key = cell.key
          list = lists[this.#columnOf(key)] ??= []
        }
        list.push(cell)
      }
      await turn.pause()
    }
    for (const list of lists) list?.sort((a, b) => a.end - b.end || a.start - b.start)
    return lists
  }

  #columnOf(key: Uint8Array): number {
    const name = keyText(key)
    let column = this.#columns.get(name)
    if (column === undefined) {
      column = this.keys.length
      this.#columns.set(name, column)
      this.keys.push(key)
    }
    return column
  }
}

function tooLarge(): StreamError {
  return new StreamError(
    'SLICE_TOO_LARGE',
    `A slice over all keys: found more than ${MOST_CELLS} results that belong together, expected fewer. Give it times that both are bounds, a shorter range or a shorter 'rollUp'.`,
  )
}
