/** The streaming job: per day and magnitude class how many earthquakes, the greatest and the mean magnitude. */
import {
  type LateRecord,
  type Pane,
  type Pipeline,
  type Sink,
  type ValuePane,
  boundedOutOfOrderness,
  calendar,
  pipeline,
  replay,
} from '@tidemark/core'
import { earlyAndLate } from '@tidemark/triggers'
import { type MagnitudeClass, type Quake, classOf } from './data.ts'

export interface Summary {
  readonly count: number
  readonly max: number | undefined
  readonly mean: number | undefined
}
export type QuakePane = Pane<MagnitudeClass, Summary>
export type QuakeResult = ValuePane<MagnitudeClass, Summary>
export type LateQuake = LateRecord<Quake>

/** A day is complete when the watermark, 6 hours behind the newest earthquake, passes its end; corrected for 3 days. */
export const OUT_OF_ORDER = '6h'
export const ALLOWED_LATENESS = '3d'
export const EARLY_EVERY = '6h'

export function earthquakesByDay(
  quakes: readonly Quake[],
  results: Sink<QuakePane>,
  tooLate: Sink<LateQuake>,
): Pipeline<QuakePane> {
  return pipeline('earthquakes')
    .from(replay(quakes, { arrivedAt: (quake) => quake.updatedAt }))
    .filter((quake) => quake.kind === 'earthquake')
    .eventTime({ timestamp: (quake) => quake.at, watermark: boundedOutOfOrderness(OUT_OF_ORDER) })
    .keyBy(classOf)
    .window(calendar('day', { timeZone: 'UTC' }), {
      trigger: earlyAndLate({ earlyEvery: EARLY_EVERY }),
      allowedLateness: ALLOWED_LATENESS,
      closing: 'always',
    })
    .lateTo(tooLate)
    .aggregate((a) => ({
      count: a.count(),
      max: a.max((quake) => quake.magnitude),
      mean: a.mean((quake) => quake.magnitude),
    }))
    .to(results)
}
