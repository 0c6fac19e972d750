/**
 * Owns what tests say about panes, as plain functions that throw plain Errors; `paneMatchers` is the same for
 * `expect.extend`, without importing a test framework.
 */
import { sameValue } from '@tidemark/core'

/** What matchers need of a pane; every pane of the engine fits. */
export interface AnyPane {
  readonly kind: string
  readonly key: unknown
  readonly window: unknown
  readonly index: number
  readonly value?: unknown
  readonly timing?: string
  readonly isLast?: boolean
}

/** Fields of a pane that are to hold; fields not named are not looked at. `window` also as [start, end]. */
export interface ExpectedPane {
  readonly key?: unknown
  readonly window?: unknown
  readonly value?: unknown
  readonly index?: number
  readonly kind?: string
  readonly timing?: string
  readonly isFirst?: boolean
  readonly isLast?: boolean
  readonly records?: number
  readonly lateRecords?: number
  readonly watermark?: number
  readonly emittedAt?: number
}

/** The latest pane of a key and window, withdrawn ones left out. */
export interface Latest<P> {
  readonly key: unknown
  readonly window: unknown
  readonly pane: P
}

/**
 * Throws unless there are exactly these panes, in this order.
 * @example expectPanes(run.panes, [{ key: 'a', window: [0, 60_000], value: 5, timing: 'on-time' }])
 */
export function expectPanes(panes: readonly AnyPane[], expected: readonly ExpectedPane[]): void {
  const wrong = difference(panes, expected)
  if (wrong !== undefined) throw new Error(wrong)
}

/** What a key-value store holds after these panes: the latest per key and window, in order of first appearance. */
export function latestByWindow<P extends AnyPane>(panes: readonly P[]): readonly Latest<P>[] {
  const latest = new Map<string, Latest<P>>()
  for (const pane of panes) {
    const name = paneName(pane)
    if (pane.kind !== 'retraction') latest.set(name, { key: pane.key, window: pane.window, pane })
    else if (latest.get(name)?.pane.index === pane.index) latest.delete(name)
  }
  return [...latest.values()]
}

/**
 * The final results among panes: those that say they are last, and where no last pane came, the latest, if the
 * watermark says that nothing can follow. Without a watermark, the input is taken to have ended.
 */
export function finals<P extends AnyPane>(
  panes: readonly P[],
  options: { readonly watermark?: number; readonly latenessMs?: number } = {},
): readonly P[] {
  const { watermark = Number.POSITIVE_INFINITY, latenessMs = 0 } = options
  return latestByWindow(panes)
    .map(({ pane }) => pane)
    .filter((pane) => {
      const { end = Number.POSITIVE_INFINITY } = pane.window as { readonly end?: number }
      return pane.isLast === true || end + latenessMs < watermark || watermark === Number.POSITIVE_INFINITY
    })
}

/** For `expect.extend(paneMatchers)`: `expect(run.panes).toHavePanes([…])`. */
export const paneMatchers: {
  readonly toHavePanes: (
    panes: readonly AnyPane[],
    expected: readonly ExpectedPane[],
  ) => { readonly pass: boolean; readonly message: () => string }
} = {
  toHavePanes: (panes, expected) => {
    const wrong = difference(panes, expected)
    return {
      pass: wrong === undefined,
      message: () => wrong ?? `Expected other panes than\n${panes.map((pane) => showPane(pane)).join('\n')}`,
    }
  },
}

/** A text that two panes share when key and window are the same. */
export function paneName({ key, window }: { readonly key: unknown; readonly window: unknown }): string {
  return `${typeof key}:${typeof key === 'object' ? JSON.stringify(key) : String(key as string)}@${JSON.stringify(window)}`
}

/** A pane in one line. */
export function showPane(pane: object): string {
  return `{ ${Object.entries(pane)
    .map(([name, value]) => `${name}: ${showValue(name === 'window' ? bounds(value) : value)}`)
    .join(', ')} }`
}

function showValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint' || value === undefined) return String(value)
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' || (typeof part === 'number' && !Number.isFinite(part)) ? String(part) : part,
  )
}

/** [start, end] of a window that is nothing more. */
function bounds(window: unknown): unknown {
  const { start, end, ...rest } = (
    Array.isArray(window) ? { start: window[0] as unknown, end: window[1] as unknown } : (window ?? {})
  ) as Record<string, unknown>
  return start === undefined || Object.keys(rest).length > 0 ? window : [start, end]
}

function difference(panes: readonly AnyPane[], expected: readonly ExpectedPane[]): string | undefined {
  const shown = (list: readonly object[]): string =>
    list.length === 0 ? '  none' : list.map((pane) => `  ${showPane(pane)}`).join('\n')
  const all = (): string => `expected\n${shown(expected)}\nfound\n${shown(panes)}`
  for (let i = 0; i < Math.max(panes.length, expected.length); i++) {
    const pane = panes[i]
    const want = expected[i]
    if (pane === undefined) return `Pane ${i} is missing: ${all()}`
    if (want === undefined) return `Pane ${i} is one too many: ${all()}`
    for (const [name, value] of Object.entries(want)) {
      const found = (pane as unknown as Record<string, unknown>)[name]
      const same = name === 'window' ? sameValue(bounds(found), bounds(value)) : sameValue(found, value)
      if (!same) return `Pane ${i}, ${name}: expected ${showValue(value)}, found ${showValue(found)}; ${all()}`
    }
  }
  return undefined
}
