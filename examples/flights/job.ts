/** The streaming job: per airport and hour of scheduled departure, how many flights and how late they were. */
import { type Input, type Results, type TimeWindow, boundedOutOfOrderness, pipeline, tumbling } from '@tidemark/core'
import { quantiles } from '@tidemark/core/quantiles'
import { earlyAndLate } from '@tidemark/triggers'
import { type Answer, ACCURACY } from './batch.ts'
import type { Flight } from './data.ts'

/** An hour is complete when flights that were to depart 3 hours after its end have landed. */
export const OUT_OF_ORDER = '3h'
/** For so much longer each flight that lands late updates its hour; after that it becomes a correction. */
export const ALLOWED_LATENESS = '2h'

export function delaysByHour(flights: Input<Flight>): Results<string, Answer, TimeWindow, 'accumulating', Flight> {
  return pipeline('flight-delays')
    .from(flights)
    .eventTime({ timestamp: (flight) => flight.at, watermark: boundedOutOfOrderness(OUT_OF_ORDER) })
    .keyBy((flight) => flight.origin)
    .window(tumbling('1h'), { allowedLateness: ALLOWED_LATENESS, trigger: earlyAndLate({ earlyEvery: '30m' }) })
    .aggregate((a) => ({
      flights: a.count(),
      meanDelay: a.mean((flight) => flight.delayMin),
      p95Delay: quantiles((flight: Flight) => flight.delayMin, { at: [0.95], accuracy: ACCURACY }),
    }))
    .map(({ flights: count, meanDelay, p95Delay: [p95] }) => ({ flights: count, meanDelay, p95Delay: p95 }))
}
