import type { Trigger } from '@tidemark/core'
import { leaf } from './step.ts'

/**
 * Never fires: what is in a window is shown when it is freed, and in `oneWindow()` at the end of input. As a part of
 * another trigger it switches that part off. (Beam's Never.)
 * @example afterWatermark({ late: never() })
 */
export function never(): Trigger<unknown> {
  const nothing = (): void => {}
  return leaf({
    kind: 'never()',
    once: false,
    when: 'never',
    panes: () => [],
    step: {
      initial: [],
      element: nothing,
      fires: () => false,
      finished: () => false,
      fired: nothing,
      clear: nothing,
      merge: nothing,
    },
  })
}
