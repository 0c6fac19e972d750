/**
 * Owns timing: the one place that decides whether a pane is early, on-time or late, from bits per key and window.
 *
 * | bit | says | when sessions merge | cleared |
 * |---|---|---|---|
 * | PENDING | something came since the last pane | or | by a pane |
 * | IN_TIME | a record that was not late came since the last pane | or | by a pane |
 * | COMPLETED | the window's completion has been dealt with | or, if the merged session is complete | when it is not complete any more |
 * | SETTLED | an on-time or late pane has come | a session with new bounds is a new window: cleared | never |
 */
import type { Timing } from './pane.ts'

export const PENDING = 1
export const IN_TIME = 2
export const SETTLED = 4
export const COMPLETED = 32

/**
 * Early before completion. At or after it on-time, if no on-time or late pane came before and the window completes in
 * this step or a record that arrived since the last pane was not late; otherwise late (so a window whose first record
 * is already late begins with a late pane).
 */
export function timingOf(flags: number, complete: boolean, completing: boolean): Timing {
  if (!complete) return 'early'
  return (flags & SETTLED) === 0 && (completing || (flags & IN_TIME) !== 0) ? 'on-time' : 'late'
}
