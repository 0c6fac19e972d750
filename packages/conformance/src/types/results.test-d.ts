/** Triggers, gates, retractions, windows over results and finalize: what compiles with which types, and what must not. Never run. */
import {
  assignWindows, forEach, hopping, latestValues, memorySource, monotonous, oneWindow, pipeline, session, tumbling, watermarkThenUpdates,
  type DeltaPane, type GateContext, type KeyedRecords, type LateRecord, type Pane, type PaneGate, type Pipeline, type Results, type Sink, type TimeWindow, type Trigger, type TriggerStep,
} from '@tidemark/core'
import {
  afterAll, afterCount, afterEach, afterFirst, afterProcessingTime, afterWatermark, alignedProcessingTime, atMostEvery, completeMode,
  emitOnClose, everyEventTime, everyUpdate, never, onChange, orFinally, repeatedly, suppress, updateMode,
} from '@tidemark/triggers'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A, B>(answer: Equal<A, B>): void

interface PageView { readonly page: string; readonly dwellMs: number; readonly at: number }
const keyed = pipeline('p').from(memorySource<PageView>()).eventTime({ timestamp: (p) => p.at, watermark: monotonous() }).keyBy((p) => p.page)
const minutes = keyed.name('minutes').window(tumbling('1m')).count()

// Triggers: parts of any window, policies of windows with bounds.
void [
  keyed.window(tumbling('1m'), { trigger: watermarkThenUpdates(), gate: onChange() }),
  keyed.window(tumbling('1m'), { trigger: suppress.untilTimeLimit('1m', { maxKeys: 10, onFull: 'emitEarly' }), accumulation: 'retracting' }),
  keyed.window(tumbling('1m'), { trigger: suppress.untilTimeLimit('1m', { maxBytes: 1_000, onFull: 'fail' }) }),
  keyed.window(tumbling('1m'), { trigger: suppress.untilWindowCloses() }),
  keyed.window(session('1m'), { trigger: afterWatermark({ early: repeatedly(afterProcessingTime('10s')), late: afterCount(1) }), closing: 'always' }),
  keyed.window(tumbling('1m'), { trigger: orFinally(repeatedly(afterCount(10)), afterWatermark()) }),
  keyed.window(hopping('1h', { every: '1m' }), { trigger: everyEventTime('10s'), gate: atMostEvery('1s') }),
  keyed.window(tumbling('1m'), { trigger: updateMode({ every: '10s' }) }),
  keyed.window(tumbling('1m'), { trigger: afterEach(afterCount(1), repeatedly(afterAll(afterCount(10), alignedProcessingTime('1m')))), allowDataLoss: true }),
  keyed.window(tumbling('1m'), { trigger: repeatedly(afterFirst(afterCount(10), afterWatermark())) }),
]
// The one window takes what needs no bounds, composed or not.
void [
  keyed.window(oneWindow(), { trigger: completeMode({ every: '10s' }) }).count().to(latestValues()),
  keyed.window(oneWindow(), { trigger: repeatedly(afterFirst(afterCount(10), afterProcessingTime('10s'))) }),
  keyed.window(oneWindow(), { trigger: never() }), keyed.window(oneWindow(), { trigger: everyUpdate(), gate: onChange() }), keyed.window(oneWindow(), { trigger: updateMode({ every: '1m' }) }),
]
// What needs no bounds is a Trigger<unknown>, and so what is made of it; one part that needs them and the whole does.
same<ReturnType<typeof afterCount>, Trigger<unknown>>(true)
const [free, bound] = [repeatedly(afterCount(3)), repeatedly(afterFirst(afterCount(3), afterWatermark()))]
same<typeof free, Trigger<unknown>>(true)
same<typeof bound, Trigger<TimeWindow>>(true)

// @ts-expect-error 01 a part that needs bounds, one window
keyed.window(oneWindow(), { trigger: repeatedly(afterFirst(afterCount(10), afterWatermark())) })
// @ts-expect-error 02 a policy that needs bounds, one window
keyed.window(oneWindow(), { trigger: emitOnClose() })
// @ts-expect-error 03 suppression, one window
keyed.window(oneWindow(), { trigger: suppress.untilTimeLimit('1m', { onFull: 'fail' }) })
// @ts-expect-error 04 buffer without onFull
suppress.untilTimeLimit('1m', { maxKeys: 5 })
// @ts-expect-error 05 another word for onFull
suppress.untilTimeLimit('1m', { onFull: 'drop' })
// @ts-expect-error 06 a count is a number
afterCount('3')
// @ts-expect-error 07 a period is a duration
everyEventTime(5_000)
// @ts-expect-error 08 a misspelt part
afterWatermark({ erly: afterCount(3) })
// @ts-expect-error 09 a gate is no trigger
keyed.window(tumbling('1m'), { trigger: onChange() })
// @ts-expect-error 10 a trigger is no gate
keyed.window(tumbling('1m'), { gate: everyUpdate() })
// @ts-expect-error 11 a trigger that was not called
keyed.window(tumbling('1m'), { trigger: everyUpdate })
// @ts-expect-error 12 a gate is no part of a trigger
repeatedly(onChange())
// @ts-expect-error 13 updateMode needs a period
updateMode({})
// @ts-expect-error 14 orFinally has two parts
orFinally(afterCount(3))
// @ts-expect-error 15 another word for onTime
keyed.window(tumbling('1m'), { onTime: 'sometimes' })

// A trigger and a gate of one's own.
const step: TriggerStep = {
  initial: [0], firesAtCompletion: false, endsEarly: false,
  element: (rows, row, at) => { if (at.eventTime > 0) rows[row] = 1 }, fires: (rows, row) => rows[row] === 1, fired: (rows, row) => { rows[row] = 0 }, clear: () => {},
  merge: (rows, row, others) => { for (const other of others) rows[row] = Math.max(rows[row] ?? 0, rows[other] ?? 0) }, finished: () => false, wakeAt: () => Infinity, wakeAtWatermark: () => Infinity,
}
const own: Trigger<unknown> = { kind: 'own()', emitsAtCompletion: false, step }
const gate: PaneGate<number> = { kind: 'own', decide: (last, _value, { now }: GateContext) => (last === undefined || now > last ? 'emit' : { holdUntil: last }), emitted: (_last, _value, { now }) => now }
void [keyed.window(oneWindow(), { trigger: repeatedly(own) }), gate]
// @ts-expect-error 16 a step says whether it may end early
const lacking: TriggerStep = (({ endsEarly: _, ...rest }) => rest)(step)
// @ts-expect-error 17 what a gate decides
const undecided: PaneGate = { kind: 'x', decide: () => 'hold', emitted: () => 1 }
// @ts-expect-error 18 the context is not to be changed
const meddling: PaneGate = { kind: 'x', decide: (_state, _value, at) => { at.now = 5; return 'emit' }, emitted: () => 1 }
void [lacking, undecided, meddling]

// Accumulation: whole values with retractions fit stores, differences do not.
const retracting = keyed.window(session('5m'), { accumulation: 'retracting', trigger: everyUpdate() }).count()
same<typeof retracting extends Results<infer _K, infer _V, infer _W, infer M, infer _I> ? M : 0, 'retracting'>(true)
retracting.filter((n) => n > 3).map((n) => n / 2).to(latestValues<string, number>())
retracting.to(forEach((pane) => { same<typeof pane, Pane<string, number>>(true); if (pane.kind === 'retraction') pane.value.toFixed() }))
const deltas = keyed.window(tumbling('1m'), { accumulation: 'discarding' }).count()
declare const adding: Sink<DeltaPane<string, number>>
void adding
// @ts-expect-error 19 differences, latest values
deltas.map((n) => n).to(latestValues())
declare const onlyValues: Sink<Extract<Pane<string, number>, { readonly kind: 'value' }>>
// @ts-expect-error 20 a sink that knows no retractions
retracting.to(onlyValues)

// Windows over results: minutes into hours, by another key, over sessions, in three levels.
const hours = minutes.keyBy((n, pane) => { same<typeof n, number>(true); same<typeof pane.window, TimeWindow>(true); return pane.key }).window(tumbling('1h'), { trigger: emitOnClose() })
  .aggregate((a) => ({ total: a.sum((n) => n), peak: a.max((n) => n) })).filter((h) => h.total > 10).to(latestValues())
void hours
const regrouped = keyed.window(tumbling('1m')).aggregate((a) => ({ n: a.count() })).keyBy((x, pane) => [pane.key, x.n > 10])
same<typeof regrouped extends KeyedRecords<infer K, infer V, infer _I> ? [K, V] : 0, [readonly [string, boolean], { readonly n: number }]>(true)
regrouped.window(session('5m')).sum((x) => x.n).to(latestValues())
minutes.keyBy((_, { key }) => key, { from: 'completion', onError: 'skip' }).name('days').window(tumbling('24h')).count().keyBy(() => 'all').window(tumbling('7d')).sum((n) => n).to(latestValues<string, number>())
minutes.keyBy(() => 1).window(assignWindows({ assign: (at, n: number) => [{ start: at, end: at + n }] })).collect({ max: 3 })
deltas.keyBy((_, pane) => pane.key).window(tumbling('1h')).sum((n) => n).to(latestValues())

// @ts-expect-error 21 results of the one window have no time
keyed.window(oneWindow(), { trigger: everyUpdate() }).count().keyBy(() => 'all')
// @ts-expect-error 22 an object is no key
minutes.keyBy((n) => ({ n }))
// @ts-expect-error 23 which panes take part
minutes.keyBy(() => 'all', { from: 'late' })
// @ts-expect-error 24 a window over results needs a key first
minutes.window(tumbling('1h'))
// @ts-expect-error 25 the value is what the windows before yield
minutes.keyBy((n) => n.page)
// @ts-expect-error 26 an aggregate over results takes their values
minutes.keyBy(() => 'all').window(tumbling('1h')).sum((n) => n.dwellMs)
// @ts-expect-error 27 keys are synchronous
minutes.keyBy(async () => 'all')

// finalize: the newest update of each window, whole.
interface Update { readonly page: string; readonly from: number; readonly to: number; readonly views: number | null }
const updates = pipeline('f').from(memorySource<Update>()).eventTime({ timestamp: (u) => u.to, watermark: monotonous() }).keyBy((u) => u.page)
declare const late: Sink<LateRecord<Update>>
const finals = updates.finalize({ window: (u) => ({ start: u.from, end: u.to }), lag: '10m', deleted: (u) => u.views === null, allowedLateness: '1h', lateTo: late, closing: 'always', maxKeys: 9, whenFull: 'shed', onError: 'skip' })
same<typeof finals, Results<string, Update, TimeWindow, 'accumulating', Update>>(true)
const stored: Pipeline<Pane<string, number>, Update> = finals.map((u) => u.views ?? 0).to(latestValues())
finals.keyBy((u) => u.page).window(tumbling('24h')).sum((u) => u.views ?? 0)
minutes.keyBy((_, { key }) => key).finalize({ window: () => ({ start: 0, end: 1 }), lag: '1m' })
void stored

// @ts-expect-error 28 how long to wait is for the user to say
updates.finalize({ window: (u) => ({ start: u.from, end: u.to }) })
// @ts-expect-error 29 a window has two bounds
updates.finalize({ window: (u) => ({ start: u.from }), lag: '1m' })
// @ts-expect-error 30 its trigger is not to be chosen
updates.finalize({ window: (u) => ({ start: u.from, end: u.to }), lag: '1m', trigger: everyUpdate() })
// @ts-expect-error 31 deleted tells yes or no
updates.finalize({ window: (u) => ({ start: u.from, end: u.to }), lag: '1m', deleted: (u) => u.views })
declare const others: Sink<LateRecord<{ readonly sensor: string }>>
// @ts-expect-error 32 a late output of other records
updates.finalize({ window: (u) => ({ start: u.from, end: u.to }), lag: '1m', lateTo: others })
// @ts-expect-error 33 updates come by key
pipeline('f').from(memorySource<Update>()).finalize({ window: (u: Update) => ({ start: u.from, end: u.to }), lag: '1m' })
