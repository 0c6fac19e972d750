import { type Duration, type Trigger, policy, periodMs } from '@tidemark/core'

/**
 * At most one pane per changed key and window per period of processing time, the first one a period after the first
 * change; what is pending when the watermark completes the window leaves then. (Spark's update mode. Its append mode is
 * `emitOnClose()`.)
 * @throws StreamError BAD_DURATION for a period of less than 1ms
 * @example window(tumbling('1h'), { trigger: updateMode({ every: '30s' }) })
 */
export function updateMode(options: { readonly every: Duration }): Trigger<unknown> {
  const afterMs = periodMs(options.every, 'The period of updateMode')
  return policy({
    kind: `updateMode(every ${options.every})`,
    fastPath: { early: { afterMs }, completion: true, late: { afterMs } },
  })
}
