import { policy, type Trigger } from '@tidemark/core'

/**
 * A pane for every record: each update is published at once (Kafka Streams' default). With `completion`, an on-time pane
 * comes as well when the watermark completes the window, even if nothing came since the last one, so that a consumer
 * sees it complete.
 * @example window(tumbling('1m'), { trigger: continuousRefinement({ completion: true }) })
 */
export function continuousRefinement(options: { readonly completion?: boolean } = {}): Trigger<unknown> {
  const completion = options.completion ?? false
  return policy({
    kind: completion ? 'continuousRefinement(completion)' : 'continuousRefinement()',
    fastPath: { early: 'perRecord', completion, late: 'perRecord' },
    ...(completion ? ({ onTime: 'always' } as const) : {}),
  })
}
