/**
 * Views per page and minute, refined while they come; hours over the minutes, which hold every minute once, with what it
 * says at the moment. A view that is too late for its minute is in neither.
 */
import {
  type LateRecord,
  type Pane,
  type Pipeline,
  type Sink,
  boundedOutOfOrderness,
  pipeline,
  replay,
  together,
  tumbling,
} from '@tidemark/core'
import { earlyAndLate } from '@tidemark/triggers'
import type { View } from './views.ts'

export interface Hour {
  readonly views: number
  /** The most views of a minute. */
  readonly busiest: number | undefined
}
export type Out = Pane<string, number> | Pane<string, Hour>

export interface Sinks {
  readonly minutes: Sink<Pane<string, number>>
  readonly hours: Sink<Pane<string, Hour>>
  readonly tooLate: Sink<LateRecord<View>>
}

export function minutesIntoHours(views: readonly View[], { minutes, hours, tooLate }: Sinks): Pipeline<Out> {
  const perMinute = pipeline('views')
    .from(replay(views, { arrivedAt: (view) => view.arrived }))
    .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('5s') })
    .keyBy((view) => view.page)
    .name('minutes')
    .window(tumbling('1m'), { trigger: earlyAndLate({ earlyEvery: '10s' }), allowedLateness: '10m' })
    .lateTo(tooLate)
    .count()
  const perHour = perMinute
    .keyBy((_, { key }) => key)
    .name('hours')
    .window(tumbling('1h'), { trigger: earlyAndLate({ earlyEvery: '10m' }), closing: 'always' })
    .aggregate((a) => ({ views: a.sum((count) => count), busiest: a.max((count) => count) }))
  return together<Out, View>(perMinute.to(minutes), perHour.to(hours))
}
