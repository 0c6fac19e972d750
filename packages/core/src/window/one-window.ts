import { described } from '../time/described.ts'
import { THE_ONE, type WindowAssigner } from './assigner.ts'
import type { OneWindow } from './window.ts'

/**
 * One window for all of time (the global window): complete and freed at the end of input, before that only as
 * triggered. It has no bounds, so what needs bounds (emit on close, tiers) does not accept it.
 */
export function oneWindow(): WindowAssigner<unknown, OneWindow> {
  return described({ kind: 'oneWindow()', assign: () => [THE_ONE], shape: Object.freeze({ type: 'one' } as const) })
}
