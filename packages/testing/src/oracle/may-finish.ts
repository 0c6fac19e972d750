/** Owns the classification of triggers: which may finish while their window still takes records. */
import type { OracleTrigger } from './options.ts'

/**
 * Whether a trigger may finish before its window is freed: then no pane comes for later records until the freeing. Such
 * a trigger is refused when a pipeline is built. The classification is that of Beam's Python SDK. It takes the parts of
 * afterFirst and afterAll for triggers that fire once: a repeating part is called safe there, although the whole finishes
 * when it fires.
 */
export function mayFinish(trigger: OracleTrigger, latenessMs: number): boolean {
  const may = (part: OracleTrigger): boolean => mayFinish(part, latenessMs)
  if (typeof trigger === 'string' || 'policy' in trigger || 'repeatedly' in trigger) return false
  if ('afterWatermark' in trigger) return latenessMs > 0 && trigger.afterWatermark.late === undefined
  if ('afterFirst' in trigger) return trigger.afterFirst.some(may)
  if ('orFinally' in trigger) return trigger.orFinally.some(may)
  if ('afterAll' in trigger) return trigger.afterAll.every(may)
  if ('afterEach' in trigger) return trigger.afterEach.every(may)
  return true
}
