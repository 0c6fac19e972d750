/** Owns what the slow reference is asked about: windows, trigger, accumulation, lateness. */
import { type OraclePolicy, cadenceWhens, everyEventTimeWhens, suppressWhens } from './policies.ts'
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
  | { readonly policy: 'everyEventTime'; readonly every: number }
  | OracleSuppression

/** One of `policy` and `trigger` says when panes come. */
export interface OracleOptions {
  readonly windows: OracleWindows
  readonly policy?: OraclePolicy
  readonly trigger?: OracleTrigger
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
export function whensOf({ policy, trigger }: OracleOptions): Whens {
  if ((policy === undefined) === (trigger === undefined))
    throw new Error(
      `The oracle found ${policy === undefined ? 'neither a policy nor a trigger' : 'a policy and a trigger'}; give one of them.`,
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
