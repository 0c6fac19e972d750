/** Owns the comparison of two versions of the results, key by key and window by window. */
import { type TimeWindow, sameValue } from '@tidemark/core'
import { oneByOne } from './one-by-one.ts'
import type { Range, Reader } from './reader.ts'
import type { Row } from './row.ts'
import type { View } from './view.ts'

/** A key and window whose values differ, or that only one version has. */
export interface Difference<K, V, W> {
  readonly key: K
  readonly window: W
  readonly one: Row<K, V, W> | undefined
  readonly other: Row<K, V, W> | undefined
}

/** Both are read in the same stretches of time, so that what is held at a time is bounded. */
export async function* differences<K, V, W>(
  view: View<K>,
  one: Reader<K, V, W>,
  other: Reader<K, V, W>,
  range: Range,
): AsyncGenerator<Difference<K, V, W>, void> {
  const [from, to] = [Number(range.from), Number(range.to)]
  const stretchMs = STRETCH_WINDOWS * Math.max(view.windowMs, view.gapMs ?? 0)
  const bounded = Number.isFinite(from) && Number.isFinite(to)
  for (let at = from; at < to;) {
    const upTo = bounded ? Math.min(to, at + stretchMs) : to
    const rows = new Map<string, Row<K, V, W>>()
    for await (const some of one.slices({ from: at, to: upTo })) for (const row of some) rows.set(place(view, row), row)
    for await (const row of oneByOne(other.slices({ from: at, to: upTo }))) {
      const id = place(view, row)
      const match = rows.get(id)
      rows.delete(id)
      if (match === undefined || !sameValue(match.value, row.value))
        yield { key: row.key, window: row.window, one: match, other: row }
    }
    for (const row of rows.values()) yield { key: row.key, window: row.window, one: row, other: undefined }
    at = upTo
  }
}

const STRETCH_WINDOWS = 64

function place<K>(view: View<K>, { key, window }: Row<K, unknown, unknown>): string {
  const { start, end } = window as TimeWindow
  return `${start},${end},${view.encodeKey(key).join()}`
}
