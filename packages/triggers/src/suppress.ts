/** Owns Kafka Streams' suppression, by its names: whole updates held back, over all keys, within a bound. */
import {
  described,
  type Duration,
  type GateBuffer,
  type PaneGate,
  StreamError,
  type TimeWindow,
  type Trigger,
  policy,
  durationMs,
} from '@tidemark/core'
import { emitOnClose } from './emit-on-close.ts'

/**
 * How much `untilTimeLimit` may hold back over all keys: `maxKeys` entries of (key, window), `maxBytes` of their values as
 * the engine would encode them, or both; with neither, what the stage may keep. `onFull`: let those leave that have waited
 * longest, or stop the job with BUFFER_FULL (a restart goes on with what was held).
 */
export type SuppressBuffer = GateBuffer

function untilTimeLimit(limit: Duration, buffer: SuppressBuffer): Trigger<TimeWindow> {
  const limitMs = durationMs(limit, 'The period of suppress.untilTimeLimit')
  checkBuffer(buffer)
  const { maxKeys, maxBytes, onFull } = buffer
  const bounds = [
    ...(maxKeys === undefined ? [] : [`maxKeys: ${maxKeys}`]),
    ...(maxBytes === undefined ? [] : [`maxBytes: ${maxBytes}`]),
    `onFull: ${onFull}`,
  ].join(', ')
  const kind = `suppress.untilTimeLimit(${limit}, { ${bounds} })`
  const gate: PaneGate = described({
    kind,
    buffer: Object.freeze({ ...buffer }),
    words: Object.freeze({
      does: `holds a pane back until ${limit} of event time after the first record it shows`,
      panes: `at most one per ${limit} of event time`,
    }),
    decide: (_, __, { watermark, pendingSince }) =>
      watermark >= pendingSince + limitMs ? 'emit' : { holdUntilWatermark: pendingSince + limitMs },
    emitted: () => true,
  } satisfies PaneGate)
  return policy({ kind, fastPath: { early: 'perRecord', completion: false, late: 'perRecord' }, gate })
}

function checkBuffer(buffer: SuppressBuffer): void {
  const { maxKeys, maxBytes, onFull } = (buffer as SuppressBuffer | undefined) ?? { onFull: undefined }
  for (const [name, bound] of Object.entries({ maxKeys, maxBytes })) {
    if (bound === undefined || (Number.isSafeInteger(bound) && bound >= 1)) continue
    throw new StreamError(
      'BAD_BUFFER',
      `'${name}' of suppress.untilTimeLimit: found ${String(bound)}, expected a whole number of at least 1.`,
    )
  }
  if (onFull !== 'emitEarly' && onFull !== 'fail')
    throw new StreamError(
      'BAD_BUFFER',
      `'onFull' of suppress.untilTimeLimit: found ${String(onFull)}, expected 'emitEarly' or 'fail': say what happens when the buffer is full.`,
    )
}

/** Kafka Streams' suppression, by its names. */
export const suppress: {
  /** Kafka Streams' name for `emitOnClose()`: exactly one pane per key and window, the final one. */
  readonly untilWindowCloses: () => Trigger<TimeWindow>
  /**
   * Each update is held back until `limit` of event time after the record of the first one that is pending: at most one
   * pane per key and window per `limit`. They leave when W ≥ that time, at the latest when the window is freed (Kafka
   * Streams waits on, although nothing can change any more). (Kafka Streams' Suppressed.untilTimeLimit.)
   * @throws StreamError BAD_DURATION for a limit that is no duration; BAD_BUFFER for a bound below 1, or no `onFull`
   * @example window(tumbling('1h'), { trigger: suppress.untilTimeLimit('5m', { maxKeys: 100_000, onFull: 'emitEarly' }) })
   */
  readonly untilTimeLimit: (limit: Duration, buffer: SuppressBuffer) => Trigger<TimeWindow>
} = Object.freeze({ untilWindowCloses: emitOnClose, untilTimeLimit })
