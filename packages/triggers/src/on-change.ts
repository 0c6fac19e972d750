import { described, type PaneGate, sameValue } from '@tidemark/core'

/**
 * Lets a pane pass only if its value is another one than that of the pane before (by content). What is equal is
 * swallowed, but not at completion where the policy emits then, nor when the window is freed. With discarding panes it is
 * refused (DELTAS_LOSE_DATA): a difference that is swallowed would be missing for ever.
 * @example window(tumbling('1h'), { trigger: continuousRefinement(), gate: onChange() })
 */
export function onChange(): PaneGate {
  return described({
    kind: 'onChange()',
    swallows: true,
    words: Object.freeze({
      does: 'swallows a pane whose value is that of the pane before',
      panes: 'only those whose value has changed',
    }),
    // In a box, so that a value of undefined is told from no pane yet.
    decide: (shown, value) =>
      shown !== undefined && sameValue((shown as readonly [unknown])[0], value) ? 'swallow' : 'emit',
    emitted: (_, value) => [value],
  } satisfies PaneGate)
}
