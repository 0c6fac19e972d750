// Nine scores into sessions with a pane per record, as sessions grow into each other: what was published is withdrawn.
import {
  type CheckpointStore,
  type Job,
  type Pane,
  type Sink,
  arrivalClock,
  boundedOutOfOrderness,
  pipeline,
  policy,
  replay,
  session,
} from '@tidemark/core'

const NOON = Date.UTC(2026, 5, 1, 12)
/** Minutes and seconds after 12:00. */
export const at = (text: string): number => {
  const [minutes, seconds] = text.split(':').map(Number) as [number, number]
  return NOON + 60_000 * minutes + 1_000 * seconds
}

const SCORES = [
  [5, '00:26', '05:19'],
  [7, '02:26', '05:39'],
  [3, '03:39', '06:13'],
  [4, '04:19', '06:46'],
  [3, '06:39', '07:19'],
  [8, '03:06', '07:33'],
  [8, '07:26', '08:13'],
  [9, '01:26', '08:19'],
  [1, '07:46', '09:00'],
] as const

/** Sums of the team, into a sink; all that comes out goes through the checkpoint's outbox. */
export function scores(sink: Sink<Pane<string, number>>, checkpoint?: CheckpointStore): Job<unknown> {
  const records = SCORES.map(([points, when, seen]) => ({ points, at: at(when), seen: at(seen) }))
  return pipeline('scores')
    .from(replay(records, { arrivedAt: (record) => record.seen }))
    .eventTime({ timestamp: (record) => record.at, watermark: boundedOutOfOrderness('1h') })
    .keyBy(() => 'team')
    .window(session('1m'), {
      trigger: policy({ kind: 'perRecord', fastPath: { early: 'perRecord', completion: false, late: 'perRecord' } }),
      allowedLateness: '1h',
    })
    .sum((record) => record.points)
    .to(sink)
    .start({ clock: arrivalClock(), ...(checkpoint === undefined ? {} : { checkpoint }) })
}

/** The end of the table: these two and nothing else. */
export const STANDING: readonly (readonly [number, number, number])[] = [
  [36, at('00:26'), at('05:19')],
  [12, at('06:39'), at('08:46')],
]
