/**
 * A shop's click stream: one keyed stream feeds two windows, visits (sessions) and hours. What cannot be read goes to
 * the dead letters, what comes too late for a window to the late output; nothing vanishes.
 */
import {
  type DeadLetter,
  type LateRecord,
  type Pane,
  type Pipeline,
  type Sink,
  boundedOutOfOrderness,
  pipeline,
  session,
  together,
  tumbling,
} from '@tidemark/core'
import { earlyAndLate, emitOnClose } from '@tidemark/triggers'

export interface Click {
  readonly customer: string
  readonly at: number
  readonly cents: number
}
export interface Visit {
  readonly clicks: number
  readonly cents: number
}
export type Out = Pane<string, Visit> | Pane<string, number>

export interface Sinks {
  readonly visits: Sink<Pane<string, Visit>>
  readonly hours: Sink<Pane<string, number>>
  readonly tooLate: Sink<LateRecord<Click>>
  readonly deadLetters: Sink<DeadLetter>
}

/** A line of the log: `customer HH:MM cents`. */
export function parse(line: string): Click {
  const [, customer, hour, minute, cents] = /^(\S+) (\d\d):(\d\d) (\d+)$/.exec(line) ?? []
  if (customer === undefined) throw new Error(`not a click: '${line}'`)
  return { customer, at: (Number(hour) * 60 + Number(minute)) * 60_000, cents: Number(cents) }
}

export function shop(lines: Iterable<string>, { visits, hours, tooLate, deadLetters }: Sinks): Pipeline<Out> {
  const clicks = pipeline('shop', { onError: { deadLetterTo: deadLetters } })
    .from(lines)
    .map(parse)
    .eventTime({ timestamp: (click) => click.at, watermark: boundedOutOfOrderness('10m') })
    .keyBy((click) => click.customer)
  // A visit ends after half an hour without a click. It is reported once, when nothing can change it any more.
  const byVisit = clicks
    .name('visits')
    .window(session('30m'), { trigger: emitOnClose(), allowedLateness: '15m' })
    .lateTo(tooLate)
    .aggregate((a) => ({ clicks: a.count(), cents: a.sum((click) => click.cents) }))
    .to(visits)
  // Turnover per hour: at the full hour, and again for each click that comes late, up to two hours.
  const byHour = clicks
    .name('hours')
    .window(tumbling('1h'), { trigger: earlyAndLate(), allowedLateness: '2h' })
    .sum((click) => click.cents)
    .to(hours)
  return together<Out, string>(byVisit, byHour)
}
