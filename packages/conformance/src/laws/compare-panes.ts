/** Owns the comparison of the engine's panes with those of the slow reference. */
import { sameValue, showPane } from '@tidemark/testing'

/** Within a step keys and windows may come in any order; the panes of each one must not. */
export function comparePanes(
  expected: readonly object[],
  found: readonly object[],
  at: string,
  anyLateRecords: boolean,
): void {
  const plain = (pane: object): object => {
    const { epoch: _, ...rest } = pane as { readonly epoch?: number; readonly window?: { readonly start?: number } }
    const window = rest.window?.start === undefined ? undefined : rest.window
    return { ...rest, window, ...(anyLateRecords ? { lateRecords: 0 } : {}) }
  }
  const order = (pane: object): string => {
    const { key, window, index } = pane as { readonly key: string; readonly window?: object; readonly index: number }
    return `${key} ${JSON.stringify(window)} ${String(index).padStart(4)}`
  }
  const sorted = (panes: readonly object[]): readonly object[] =>
    panes.map(plain).toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
  const [want, have] = [sorted(expected), sorted(found)]
  for (let i = 0; i < Math.max(want.length, have.length); i++) {
    const [a, b] = [want[i], have[i]]
    if (
      a !== undefined &&
      b !== undefined &&
      Object.entries(a).every(([name, value]) => sameValue((b as Record<string, unknown>)[name], value))
    )
      continue
    const list = (panes: readonly object[]): string => panes.map((pane) => `\n    ${showPane(pane)}`).join('')
    throw new Error(`${at}: pane ${i} differs\n  oracle${list(want)}\n  engine${list(have)}`)
  }
}
