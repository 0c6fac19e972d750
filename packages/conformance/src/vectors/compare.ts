/** Owns what is compared of a pane: both sides as texts, so that a multiset of panes is a sorted list of them. */
import type { ExpectedPane, WindowVector } from './vector.ts'
import type { FoundPane } from './pipeline-of.ts'
import type { Part } from './script-of.ts'

/** What a part is to give. */
export function expectedTexts(
  { expect, compare }: WindowVector,
  part: Pick<Part, 'first' | 'last'>,
): readonly string[] {
  return expect
    .filter(({ step }) => step >= part.first && step <= part.last)
    .flatMap(({ panes }) => panes.map((pane) => text(pane, compare)))
    .toSorted()
}

/** What it gave. */
export function foundTexts({ compare }: WindowVector, panes: readonly FoundPane[]): readonly string[] {
  return panes.map((pane) => text(asExpected(pane), compare)).toSorted()
}

export function asExpected({ kind, window: { start, end } = {}, ...pane }: FoundPane): ExpectedPane {
  // The one window has no bounds.
  const window: [number, number] | null = start === undefined || end === undefined ? null : [start, end]
  return { ...pane, window, retract: kind === 'retraction' }
}

/** Of a withdrawal key, window and value alone: the rest is the withdrawn pane's. */
function text(pane: ExpectedPane, compare: WindowVector['compare']): string {
  const { key, window, retract } = pane
  const value = retract || compare.includes('value') ? { value: inOrder(pane.value) } : {}
  const others = retract
    ? []
    : (['timing', 'index', 'isFirst', 'isLast'] as const).filter((name) => compare.includes(name))
  return JSON.stringify({
    key,
    window,
    ...(retract ? { retract } : {}),
    ...value,
    ...Object.fromEntries(others.map((name) => [name, pane[name]])),
  })
}

/** What was collected is compared without its order. JSON has no undefined, which stands for no value. */
function inOrder(value: unknown): unknown {
  if (!Array.isArray(value)) return value === undefined ? null : value
  return value
    .map((part: unknown) => JSON.stringify(part))
    .toSorted()
    .map((part) => JSON.parse(part) as unknown)
}
