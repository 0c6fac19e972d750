/** Wrong uses of the public surface: each must be a type error. Never run. */
import {
  boundedOutOfOrderness, calendar, collected, hopping, latestValues, memorySource, merge, monotonous, oneWindow, pipeline, session, tumbling,
  type Aggregator, type DeadLetter, type LateRecord, type Pane, type Sink, type ValuePane,
} from '@tidemark/core'
import { earlyAndLate, emitOnClose } from '@tidemark/triggers'

interface PageView { readonly page: string; readonly user?: string; readonly dwellMs: number; readonly at: number }
const records = pipeline('p').from(memorySource<PageView>())
const timed = records.eventTime({ timestamp: (p) => p.at, watermark: boundedOutOfOrderness('5s') })
const keyed = timed.keyBy((p) => p.page)
const counted = keyed.window(tumbling('1m')).count()
const tumbled = keyed.window(tumbling('1m'))
const discarded = keyed.window(tumbling('1m'), { accumulation: 'discarding' }).count()
const pipe = counted.to(latestValues())

// @ts-expect-error 01 window before keyBy
timed.window(tumbling('1m'))
// @ts-expect-error 02 keyBy before eventTime
records.keyBy((p) => p.page)
// @ts-expect-error 03 aggregate twice
tumbled.count().aggregate((a) => a.count())
// @ts-expect-error 04 number as duration
tumbling(60_000)
// @ts-expect-error 05 signed duration
tumbling('-5s')
// @ts-expect-error 06 unit spelled out
boundedOutOfOrderness('5 min')
// @ts-expect-error 07 duration in an option
records.eventTime({ timestamp: (p) => p.at, watermark: monotonous(), idleAfter: '1.5m' })
// @ts-expect-error 08 object as key
timed.keyBy((p) => ({ page: p.page }))
// @ts-expect-error 09 optional as key
timed.keyBy((p) => p.user)
// @ts-expect-error 10 tuple with an object
timed.keyBy((p) => [p.page, new Date(p.at)])
// @ts-expect-error 11 watermark missing
records.eventTime({ timestamp: (p) => p.at })
// @ts-expect-error 12 unknown option
keyed.window(tumbling('1m'), { allowedLatness: '10m' })
// @ts-expect-error 13 bounded trigger, one window
keyed.window(oneWindow(), { trigger: emitOnClose() })
// @ts-expect-error 14 discarding, latest values
discarded.to(latestValues())
// @ts-expect-error 16 wrong value in a sink
counted.to(latestValues<string, string>())
declare const onlyValues: Sink<ValuePane<string, number>>;
// @ts-expect-error 18 sink of value panes only
counted.to(onlyValues)
// @ts-expect-error 19 hand-made sink of value panes only
counted.to({ open: async () => ({ write: (_batch: readonly ValuePane<string, number>[]) => {}, progress: () => {}, flush: async () => {}, close: async () => {} }) })
// @ts-expect-error 20 misspelt field
tumbled.aggregate((a) => ({ mean: a.mean((p) => p.dwel) }))
// @ts-expect-error 21 not an aggregator
tumbled.aggregate(() => ({ n: 5 }))
// @ts-expect-error 22 forgotten call
tumbled.aggregate((a) => ({ n: a.count })) // oxlint-disable-line typescript/unbound-method
declare const other: Aggregator<{ celsius: number }, number, number>;
// @ts-expect-error 23 aggregator of another input
tumbled.aggregate(() => ({ n: other }))
// @ts-expect-error 24 async map
records.map(async (p) => p.page).eventTime({ timestamp: (p) => p.length, watermark: monotonous() })
// @ts-expect-error 25 async filter
records.filter(async () => true)
// @ts-expect-error 26 unknown role
pipe.to(collected(), { role: 'secondary' })
// @ts-expect-error 27 merge before eventTime
merge(records, timed)
// @ts-expect-error 28 hopping without every
hopping('1h')
// @ts-expect-error 29 calendar without zone
calendar('day', {})
// @ts-expect-error 36 unnarrowed pane
const read = (pane: Pane<string, number>): number => pane.value
// @ts-expect-error 38 start before to
counted.start()
// @ts-expect-error 39 unknown event
pipe.start().on('lag', () => {})
// @ts-expect-error 40 bounded policy, one window
keyed.window(oneWindow(), { trigger: earlyAndLate() })
// @ts-expect-error 41 records into a pane sink
records.to(latestValues())
// @ts-expect-error 42 assign to a pane
const change = (pane: Pane<string, number>): void => { pane.index = 3 }
declare const lates: Sink<LateRecord<{ sensor: string }>>;
// @ts-expect-error 43 late sink of another record
tumbled.lateTo(lates)
// @ts-expect-error 44 lateTo after aggregate
counted.lateTo(lates)
// @ts-expect-error 46 accumulation name
keyed.window(session('1m'), { accumulation: 'discard' })
declare const letters: Sink<DeadLetter>
// @ts-expect-error 47 a policy is a word or an object
records.map((p) => p.page, { onError: letters })
// @ts-expect-error 48 gaps are durations
session(30)
void [read, change]
