/** Owns which triggers promise to show everything at completion: there no gate is asked. */
import type { OracleOptions, OracleTrigger } from './options.ts'
import type { OracleTree } from './trigger-tree.ts'

/**
 * Whether everything that is pending leaves when the window completes. A tree promises it where it fires then, and
 * cannot have finished before.
 */
export function emitsAtCompletion({ policy, trigger }: Pick<OracleOptions, 'policy' | 'trigger'>): boolean {
  if (policy !== undefined) return policy.completion
  if (isPolicy(trigger))
    return ['watermarkThenUpdates', 'everyEventTime', 'updateMode', 'completeMode'].includes(trigger.policy)
  return firesThen(trigger as OracleTree) && !endsBefore(trigger as OracleTree)
}

function isPolicy(trigger: OracleTrigger | undefined): trigger is Exclude<OracleTrigger, OracleTree> {
  return typeof trigger === 'object' && 'policy' in trigger
}

/** It fires at completion, unless it has finished. */
function firesThen(tree: OracleTree): boolean {
  if (typeof tree === 'string') return false
  if ('afterWatermark' in tree) return true
  if ('repeatedly' in tree) return firesThen(tree.repeatedly)
  if ('afterFirst' in tree) return tree.afterFirst.some(firesThen)
  if ('orFinally' in tree) return tree.orFinally.some(firesThen)
  if ('afterAll' in tree) return tree.afterAll.every(firesThen)
  // Whichever part is in force then.
  return 'afterEach' in tree && tree.afterEach.every(firesThen)
}

/** It may finish before completion. afterFirst and afterAll do so with their first firing, whatever their parts are. */
function endsBefore(tree: OracleTree): boolean {
  if (typeof tree === 'string' || 'afterWatermark' in tree || 'repeatedly' in tree) return false
  if ('orFinally' in tree) return tree.orFinally.some(endsBefore)
  return !('afterEach' in tree) || tree.afterEach.every(endsBefore)
}
