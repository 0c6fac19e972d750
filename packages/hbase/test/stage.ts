// Cells and words for them, shared by the tests on the fake and on real servers.
import type { Cell, Clock } from '@tidemark/core'

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export function cell(key: string | Uint8Array, end: number, revision: number, more: Partial<Cell> = {}): Cell {
  const value = bytes(`${end}.${revision}`)
  return {
    key: typeof key === 'string' ? bytes(key) : key,
    start: end - 10,
    end,
    correction: '',
    epoch: 0,
    revision,
    value,
    ...more,
  }
}

export const shown = (cells: readonly Cell[] | undefined): readonly string[] =>
  (cells ?? []).map(
    ({ start, end, correction, revision, value }) =>
      `[${start},${end})${correction} v${revision} ${value === null ? '–' : Buffer.from(value).toString()}`,
  )

/** Numbers from 0 up to below the bound, the same for the same seed. */
export function chance(seed: number): (bound: number) => number {
  let state = seed | 0
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % bound
  }
}

export async function all(parts: AsyncIterable<readonly Cell[]>): Promise<readonly Cell[]> {
  const cells: Cell[] = []
  for await (const part of parts) cells.push(...part)
  return cells
}

/** In an order that does not depend on where cells lie. */
export const sorted = (cells: readonly Cell[]): readonly string[] =>
  cells.map((each) => `${Buffer.from(each.key).toString('hex')} ${shown([each])[0]}`).sort()

/** Pauses between attempts are over at once, and time goes on by them; nothing times out. */
export function instantClock(): Clock {
  let now = 0
  return {
    now: () => now,
    wakeAt: (at, wake) => {
      if (at - now > 1_000) return () => {}
      now = Math.max(now, at)
      const turn = setImmediate(wake)
      return () => clearImmediate(turn)
    },
  }
}
