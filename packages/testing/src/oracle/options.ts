/** Owns what the slow reference is asked about: windows, trigger, accumulation, lateness. */
import type { OracleGate } from './gates.ts'
import { type OraclePolicy, cadenceWhens, completeModeWhens, everyEventTimeWhens, suppressWhens } from './policies.ts'
import { type OracleTree, treeWhens } from './trigger-tree.ts'
import type { Whens } from './when.ts'
import type { OracleWindows } from './windows.ts'

/** Updates wait for `limit` ms of event time, in a buffer of at most `maxKeys` pending windows (null: any number). */
export interface OracleSuppression {
  readonly policy: 'suppressUntilTimeLimit'
  readonly limit: number
  readonly maxKeys: number | null
  readonly onFull: 'emitEarly' | 'fail'
}

/** A trigger as data, in the form of the conformance vectors: a tree, or a policy by its name. */
export type OracleTrigger =
  | OracleTree
  | { readonly policy: 'emitOnClose' | 'continuousRefinement' | 'watermarkThenUpdates' }
  | { readonly policy: 'everyEventTime' | 'updateMode' | 'completeMode'; readonly every: number }
  | OracleSuppression

/** One of `policy` and `trigger` says when panes come. */
export interface OracleOptions {
  readonly windows: OracleWindows
  readonly policy?: OraclePolicy
  readonly trigger?: OracleTrigger
  /** Stands behind the trigger; not beside a suppression, which is one itself. */
  readonly gate?: OracleGate
  /** accumulating if not given. */
  readonly accumulation?: 'accumulating' | 'discarding' | 'retracting'
  readonly onTime?: 'always' | 'nonEmpty'
  readonly closing?: 'always' | 'nonEmpty'
  readonly latenessMs?: number
  /** What a pane's value is, from the values of its records; their sum if not given. */
  readonly aggregate?: (values: readonly number[]) => unknown
  /** The watermark follows the records: the greatest time − bound. */
  readonly boundMs?: number
}

/** How the trigger of these options begins for a window. */
export function whensOf({ policy, trigger, gate, accumulation }: OracleOptions): Whens {
  if ((policy === undefined) === (trigger === undefined))
    throw new Error(
      `The oracle found ${policy === undefined ? 'neither a policy nor a trigger' : 'a policy and a trigger'}; give one of them.`,
    )
  const bounded = typeof trigger === 'object' && 'policy' in trigger && trigger.policy === 'suppressUntilTimeLimit'
  if (gate !== undefined && (bounded || (gate === 'onChange' && accumulation === 'discarding')))
    throw new Error(
      `Found the gate ${JSON.stringify(gate)} ${bounded ? 'beside a suppression, expected one gate' : 'before differences, which it would lose, expected whole values'}.`,
    )
  if (policy !== undefined) return cadenceWhens(policy)
  if (typeof trigger !== 'object' || !('policy' in trigger)) return treeWhens(trigger as OracleTree)
  switch (trigger.policy) {
    case 'emitOnClose':
      return treeWhens('never')
    case 'continuousRefinement':
      return treeWhens('everyUpdate')
    case 'watermarkThenUpdates':
      return treeWhens({ afterWatermark: { late: 'everyUpdate' } })
    case 'everyEventTime':
      return everyEventTimeWhens(trigger.every)
    case 'updateMode':
      return cadenceWhens({ early: trigger.every, completion: true, late: trigger.every })
    case 'completeMode':
      return completeModeWhens(trigger.every)
    case 'suppressUntilTimeLimit':
      return suppressWhens(trigger.limit)
  }
  throw new Error(`Found the trigger ${JSON.stringify(trigger)}, expected one of the policies of OracleTrigger.`)
}

/** The bounds of the suppression buffer; undefined where there are none. */
export function bufferOf({
  trigger,
}: OracleOptions): { readonly maxKeys: number; readonly fails: boolean } | undefined {
  const isBounded =
    typeof trigger === 'object' &&
    'policy' in trigger &&
    trigger.policy === 'suppressUntilTimeLimit' &&
    trigger.maxKeys !== null
  return isBounded ? { maxKeys: trigger.maxKeys, fails: trigger.onFull === 'fail' } : undefined
}
