import { policy, type TimeWindow, type Trigger } from '@tidemark/core'

/**
 * Exactly one pane per key and window: the final one, when nothing can change it any more, which is when the window's
 * state is freed (end plus allowed lateness). (Kafka Streams' EmitStrategy.onWindowClose, Spark's append mode.)
 * @example window(tumbling('1m'), { trigger: emitOnClose() })
 */
export function emitOnClose(): Trigger<TimeWindow> {
  return policy({ kind: 'emitOnClose()', fastPath: { early: 'never', completion: false, late: 'never' } })
}
