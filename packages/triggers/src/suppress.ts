/** Owns Kafka Streams' suppression, by its names: whole updates held back, over all keys, within a bound. */
import {
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
 * How much `untilTimeLimit` may hold back: entries of (key, window), or bytes of their values as the engine would encode
 * them. `onFull`: let those leave that have waited longest, or stop the job with BUFFER_FULL.
 */
export type SuppressBuffer = GateBuffer

/**
 * Updates are held back until `limit` of event time after the record of the first one pending: at most one pane per key
 * and window per `limit`. They leave when W ≥ that time, at the latest when the window is freed (Kafka Streams waits on,
 * although nothing can change any more).
 */
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
  const gate: PaneGate = Object.freeze({
    kind,
    buffer: Object.freeze({ ...buffer }),
    words: {
      does: `holds a pane back until ${limit} of event time after the first record it shows`,
      panes: `at most one per ${limit} of event time`,
    },
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

/** `untilWindowCloses` is Kafka Streams' name for `emitOnClose`. */
export const suppress: {
  readonly untilWindowCloses: () => Trigger<TimeWindow>
  readonly untilTimeLimit: (limit: Duration, buffer: SuppressBuffer) => Trigger<TimeWindow>
} = Object.freeze({ untilWindowCloses: emitOnClose, untilTimeLimit })
