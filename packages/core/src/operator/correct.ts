/** Owns corrections: what a record that is too late would have added to its window, as a pane of its own. */
import type { WindowStage } from './window-stage.ts'

/** Makes one, where somebody takes them. A record that the aggregate cannot take corrects nothing; it is late all the same. */
export function correct(stage: WindowStage, window: unknown, key: unknown, value: unknown): void {
  const { spec, cursor, options, counters, publisher } = stage
  if (options.corrections === undefined) return
  let delta: Uint8Array
  try {
    spec.prepare(value, cursor)
    delta = options.corrections.encodeRecord(cursor)
  } catch {
    return
  }
  const { split, offset } = cursor.position
  counters.corrections++
  publisher.correct(key, window, `${split}@${offset}`, delta, cursor)
}
