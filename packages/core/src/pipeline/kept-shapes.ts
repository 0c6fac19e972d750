/**
 * Owns one idle object of each class whose fields every record reads, kept for good. V8 forgets the layout of a class
 * with its last object, and settles how many fields its objects have room for after seven of them, by the layouts that
 * are alive then. Where jobs come and go it finds none, and gives the objects of all later jobs a hash table each: a
 * record costs three times as much then.
 */
import { AggregateSpec } from '../aggregate/accumulators.ts'
import { count } from '../aggregate/count.ts'
import { GridOperator } from '../operator/grid-operator.ts'
import { runLine } from '../operator/line.ts'
import { firstPanes } from '../operator/publisher.ts'
import { SessionOperator } from '../operator/session-operator.ts'
import { Task } from '../operator/task.ts'
import { WindowStage } from '../operator/window-stage.ts'
import { watermarkThenUpdates } from '../trigger/watermark-then-updates.ts'
import { session } from '../window/session.ts'
import { tumbling } from '../window/tumbling.ts'

let kept: readonly unknown[] | undefined

/** To be called before the first job is put together. */
export function keepShapes(): void {
  kept ??= idle()
}

function idle(): readonly unknown[] {
  const task = new Task()
  const stage = new WindowStage(
    {
      name: 'idle',
      latenessMs: 0,
      trigger: watermarkThenUpdates(),
      onTime: 'nonEmpty',
      closing: 'nonEmpty',
      accumulation: 'accumulating',
      gate: undefined,
      maxKeys: 0,
      whenFull: 'shed',
      merging: false,
      mayWithdraw: false,
      keeps: false,
      corrections: undefined,
    },
    new AggregateSpec({ n: count() }),
    task.cursor,
    { reject: () => 'skipped', late: undefined },
  )
  const operator = new GridOperator(stage, tumbling('1s'))
  operator.find(0, undefined, undefined)
  const line = runLine({ task, steps: [], clocking: undefined, end: { kind: 'grid', operator } })
  return [...firstPanes, operator, line, new SessionOperator(stage, session('1s'))]
}
