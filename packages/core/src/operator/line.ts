/**
 * Owns the way of one source's records to where it forks or to their windows: one loop, in which what changes from
 * record to record (the watermark, the window in use) stands in variables and is told to the task when somebody looks.
 * A user function is called with a mark that says whose it is: what it throws goes to the policy of its stage, and what
 * throws downstream is not its error.
 *
 * `pipeline/fuse.ts` makes the same loop as code, with the user's functions where they stand here as calls.
 */
import { copyKey, keyId } from '../state/key.ts'
import { badTimestamp } from '../time/timestamp.ts'
import { type Cursor, withMeta } from './cursor.ts'
import { type End, LineEnd } from './line-end.ts'
import type { Reject } from './rejects.ts'
import type { RunRecords } from './task-parts.ts'
import type { Task } from './task.ts'
import type { Timeline } from './timeline.ts'

type Fn = (value: never, meta: never) => unknown
export type StepAccount = { filtered: number; skipped: number; deadLettered: number }

/** A stage of the line, with what counts and deals with the records it refuses. */
export interface Step {
  readonly op: 'filter' | 'map' | 'tap' | 'eventTime' | 'keyBy'
  readonly fn: Fn
  readonly reject: Reject
  readonly counters: StepAccount
}

/** How records prove that time has come. */
export interface Clocking {
  readonly timeline: Timeline
  readonly boundMs: number | undefined
  readonly observe: (value: unknown, cursor: Cursor) => number
  readonly ahead: ((timestamp: number) => boolean) | undefined
}

export interface Line {
  readonly task: Task
  readonly steps: readonly Step[]
  readonly clocking: Clocking | undefined
  readonly end: End
}

/** The line as a function. */
export function runLine({ task, steps, clocking, end }: Line): RunRecords {
  const { cursor } = task
  const time = steps.findIndex(({ op }) => op === 'eventTime')
  const calls = steps.map(({ fn }) => withMeta(fn))
  const into = new LineEnd(end, task)
  return (records, from, to, arrivals) => {
    const timeline = clocking?.timeline
    let own = timeline?.own ?? Number.NaN
    const others = timeline?.others ?? Number.NaN
    into.begin(cursor.watermark, timeline !== undefined)
    try {
      for (let i = from; i < to; i++) {
        if (arrivals !== undefined) {
          const now = arrivals.at[i] as number
          if (now > cursor.now) {
            if (now >= into.quiet) into.quiet = task.quietUntil
            if (now < into.quiet) cursor.now = now
            else {
              if (timeline !== undefined) task.raise(into.watermark)
              if (task.tick(now)) into.begin(cursor.watermark, timeline !== undefined)
              into.quiet = Number.NEGATIVE_INFINITY
            }
          }
        }
        cursor.index = i
        cursor.eventTime = Number.NaN
        let value = records[i]
        let proven = Number.NaN
        let key: unknown
        let id: unknown
        let at = 0
        try {
          let goesOn = true
          for (; at < steps.length && goesOn; at++) {
            const found = (calls[at] as (value: unknown, cursor: Cursor) => unknown)(value, cursor)
            switch ((steps[at] as Step).op) {
              case 'map':
                value = found
                break
              case 'filter':
                if (found) break
                goesOn = false
                ;(steps[at] as Step).counters.filtered++
                break
              case 'eventTime': {
                if (!Number.isSafeInteger(found)) throw badTimestamp(found)
                cursor.eventTime = found as number
                const { boundMs, observe } = clocking as Clocking
                proven = boundMs === undefined ? observe(value, cursor) : (found as number) - boundMs
                break
              }
              case 'keyBy':
                key = found
                id = keyId(key as never)
                if (typeof key === 'object') key = copyKey(key as never)
                break
              case 'tap':
                break
            }
          }
          if (goesOn) {
            at = -1
            into.record(key, id, value)
          }
        } catch (error) {
          if (at < 0) throw error
          const { counters, reject } = steps[at] as Step
          counters[reject(error, value)]++
          if (at <= time) continue
        }
        if (proven > own && (clocking?.ahead === undefined || !clocking.ahead(cursor.eventTime))) {
          own = proven
          const now = own < others ? own : others
          if (now > into.watermark) {
            into.watermark = now
            if (now >= into.due) {
              ;(timeline as Timeline).own = own
              task.raise(now)
              into.begin(now, true)
            }
          }
        }
        if (task.settles) {
          task.raise(into.watermark)
          task.settle()
        }
      }
    } finally {
      into.account()
      if (timeline !== undefined) {
        timeline.own = own
        task.raise(into.watermark)
      }
      arrivals?.clock.follow(cursor.now)
    }
  }
}
