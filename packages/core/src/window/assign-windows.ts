import { described } from '../time/described.ts'
import type { WindowAssigner } from './assigner.ts'
import type { TimeWindow } from './window.ts'

/**
 * Windows of your own: `assign` returns any set of half-open windows that contain the timestamp. Fields beside start
 * and end belong to the window's identity. With `merge`, windows of a key that touch or overlap become one (their
 * other fields must agree), complete when W > end as sessions are; without, each is complete when W ≥ end.
 */
export function assignWindows<T, W extends TimeWindow = TimeWindow>(options: {
  readonly assign: (timestamp: number, value: T) => readonly W[]
  readonly merge?: boolean
}): WindowAssigner<T, W> {
  const merge = options.merge ?? false
  return described({
    kind: merge ? 'assignWindows(merging)' : 'assignWindows()',
    assign: options.assign,
    shape: Object.freeze({ type: 'custom', merge } as const),
  })
}
