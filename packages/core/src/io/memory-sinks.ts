/** Owns sinks in memory: a list, a callback, and a table of the latest value per key and window. */
import type { Pane } from '../pane/pane.ts'
import type { TimeWindow } from '../window/window.ts'
import { keyId } from '../state/key.ts'
import type { Key } from './meta.ts'
import type { Sink, SinkWriter } from './sink.ts'

function writer<P>(
  write: (batch: readonly P[]) => void | Promise<void>,
  progress: (watermark: number) => void | Promise<void> = () => {},
): SinkWriter<P> {
  return { write, progress, flush: async () => {}, close: async () => {} }
}

/** Arguments of one call that fit on any stack. */
const MOST_ARGUMENTS = 10_000

/** `items`: everything written, in order. `progress`: the watermarks, each after the panes of its step. */
export interface Collected<P> extends Sink<P> {
  readonly items: readonly P[]
  readonly progress: readonly number[]
}

/** Keeps everything written to it in an array. For tests and small results: it is not bounded. */
export function collected<P>(): Collected<P> {
  const items: P[] = []
  const progress: number[] = []
  return {
    kind: 'collected',
    items,
    progress,
    open: async () =>
      writer<P>(
        (batch) => {
          // All at once is several times faster; very many arguments do not fit a call.
          if (batch.length <= MOST_ARGUMENTS) items.push(...batch)
          else for (const item of batch) items.push(item)
        },
        (watermark) => {
          progress.push(watermark)
        },
      ),
  }
}

/** Calls a function with each item, in order; a promise it returns is awaited before the next item. */
export function forEach<P>(fn: (item: P) => void | Promise<void>, onProgress?: (watermark: number) => void): Sink<P> {
  return {
    kind: 'forEach',
    open: async () => writer<P>((batch) => each(batch, 0, fn), onProgress),
  }
}

function each<P>(batch: readonly P[], from: number, fn: (item: P) => void | Promise<void>): void | Promise<void> {
  for (let i = from; i < batch.length; i++) {
    const done = fn(batch[i] as P)
    if (done !== undefined) return done.then(() => each(batch, i + 1, fn))
  }
}

/** A key-value store of results. Corrections are kept beside the value until something that can merge them reads them. */
export interface LatestValues<K, V, W> extends Sink<Pane<K, V, W>> {
  readonly get: (key: K, window: W) => V | undefined
  readonly entries: () => Iterable<readonly [K, W, V]>
  readonly corrections: (key: K, window: W) => readonly Uint8Array[]
  readonly size: number
}

interface Entry<K, V, W> {
  readonly key: K
  readonly window: W
  readonly epoch: number
  readonly revision: number
  readonly value: V | undefined
  readonly withdrawn: boolean
}

/**
 * The key-value sink of tests: a Map that applies panes by version (epoch, revision), the newest wins, whatever order
 * they come in; a retraction withdraws what it names. Deltas are refused: a store of latest values would lose them.
 */
export function latestValues<K, V, W = TimeWindow>(): LatestValues<K, V, W> {
  const entries = new Map<string, Entry<K, V, W>>()
  const corrections = new Map<string, Map<string, Uint8Array>>()
  const apply = (pane: Pane<K, V, W>): void => {
    const id = identity(pane.key, pane.window)
    if (pane.kind === 'correction') {
      const kept = corrections.get(id) ?? new Map<string, Uint8Array>()
      corrections.set(id, kept.set(pane.id, pane.delta))
      return
    }
    const { key, window, epoch } = pane
    const revision = 2 * pane.index + (pane.kind === 'retraction' ? 1 : 0)
    const known = entries.get(id)
    if (known !== undefined && (known.epoch > epoch || (known.epoch === epoch && known.revision > revision))) return
    const withdrawn = pane.kind === 'retraction'
    entries.set(id, { key, window, epoch, revision, withdrawn, value: withdrawn ? undefined : pane.value })
  }
  const live = function* (): Iterable<readonly [K, W, V]> {
    for (const { key, window, value, withdrawn } of entries.values()) if (!withdrawn) yield [key, window, value as V]
  }
  return {
    kind: 'latestValues',
    latestValuesOnly: true,
    get: (key, window) => entries.get(identity(key, window))?.value,
    entries: live,
    corrections: (key, window) => [...(corrections.get(identity(key, window))?.values() ?? [])],
    get size() {
      return [...live()].length
    },
    open: async () =>
      writer<Pane<K, V, W>>((batch) => {
        for (const pane of batch) apply(pane)
      }),
  }
}

function identity(key: unknown, window: unknown): string {
  const id = keyId(key as Key)
  const fields = Object.entries(window as object).sort(([a], [b]) => (a < b ? -1 : 1))
  return `${typeof id}:${String(id)}@${JSON.stringify(fields)}`
}
