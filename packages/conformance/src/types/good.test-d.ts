/** Right uses of the public surface: what must compile, and with which types. Never run. */
import {
  assignWindows, boundedOutOfOrderness, calendar, collected, duration, forEach, hopping, latestValues, memoryCheckpoints, memorySource, merge, monotonous, ms,
  oneWindow, pipeline, punctuated, replay, arrivalClock, session, slidingByRecord, together, tumbling, watermarkThenUpdates,
  type DeadLetter, type Duration, type Job, type Key, type KeyedRecords, type LateRecord, type Pane, type Results, type Sink, type TimeWindow,
} from '@tidemark/core'
import type { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { folder } from '@tidemark/core/folder'
import { continuousRefinement, earlyAndLate, emitOnClose } from '@tidemark/triggers'
import { span, weighted } from './own-aggregators.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A, B>(answer: Equal<A, B>): void

interface PageView { readonly page: string; readonly user?: string; readonly dwellMs: number; readonly bot: boolean; readonly at: number }
interface Click { readonly kind: 'click'; readonly page: string; readonly at: number }
interface Purchase { readonly kind: 'purchase'; readonly page: string; readonly cents: number; readonly at: number }
declare const deadLetters: Sink<LateRecord<unknown>>
const views = memorySource<PageView>()

// 1 the example of the sketch
const pageStats = pipeline('page-stats')
  .from(views)
  .filter((view) => !view.bot)
  .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('5s'), idleAfter: '1m' })
  .keyBy((view) => view.page)
  .window(tumbling('1m'), { allowedLateness: '10m', trigger: earlyAndLate({ earlyEvery: '10s' }) })
  .lateTo(deadLetters)
  .aggregate((a) => ({ views: a.count(), meanDwellMs: a.mean((view) => view.dwellMs) }))
  .to(latestValues())
const job: Job<Pane<string, { readonly views: number; readonly meanDwellMs: number }>> = pageStats.start({ signal: new AbortController().signal, clock: { now: Date.now }, checkpoint: folder('./state') })
void job

// 4 an array; 5 an async generator; 6 a web stream; 7 a Map's entries
const clicks: readonly Click[] = []
pipeline('a').from(clicks).eventTime({ timestamp: (c) => c.at, watermark: monotonous() }).keyBy((c) => c.page).window(tumbling('1m')).count().to(collected())
async function* generate(): AsyncGenerator<Purchase> { yield { kind: 'purchase', page: '/', cents: 1, at: 0 } }
pipeline('b').from(generate()).eventTime({ timestamp: (p) => p.at, watermark: boundedOutOfOrderness(ms(250)) }).keyBy((p) => p.page).window(calendar('day', { timeZone: 'Europe/Berlin' })).sum((p) => p.cents).to(collected())
declare const body: ReadableStream<Uint8Array>
pipeline('c').from(body).flatMap(function* (bytes) { for (const line of new TextDecoder().decode(bytes).split('\n')) yield { line, at: 0 } }).eventTime({ timestamp: (l) => l.at, watermark: monotonous() }).to(collected())
declare const readable: Readable
pipeline('r').from(readable).to(collected())
pipeline('d').from(new Map<string, number>()).map(([name, n]) => ({ name, n })).tap((x) => x.name).to(collected())

// 8 flatMap and narrowing filter
declare const events: AsyncIterable<{ readonly items: readonly (Click | Purchase)[] }>
pipeline('n').from(events).flatMap((e) => e.items).filter((i) => i.kind === 'purchase').eventTime({ timestamp: (p) => p.at, watermark: monotonous() })
  .keyBy((p) => p.page).window(tumbling('1h')).aggregate((a) => ({ cents: a.sum((p) => p.cents), best: a.topK((p) => p.page, { k: 3 }) }))

// 9 merge, within one pipeline
const shop = pipeline('shop')
const merged = merge(
  shop.from(clicks).eventTime({ timestamp: (c) => c.at, watermark: monotonous() }),
  shop.from(generate()).eventTime({ timestamp: (p) => p.at, watermark: boundedOutOfOrderness('2s') }),
)
merged.keyBy((e) => e.page).window(session('30m')).aggregate((a) => ({ revenue: a.sum((e) => (e.kind === 'purchase' ? e.cents : 0)), events: a.count() })).to(latestValues())

// 10 tuple keys; 11 template, bytes and boolean keys
const base = pipeline('tuple').from(views).eventTime({ timestamp: (p, meta) => meta.timestamp ?? p.at, watermark: boundedOutOfOrderness('5s') })
const byTuple = base.keyBy((p) => [p.page, p.bot])
byTuple.window(tumbling('1m')).count()
same<typeof byTuple extends KeyedRecords<infer K extends Key, infer _T, infer _I> ? K : 0, readonly [string, boolean]>(true)
void [base.keyBy((p) => `${p.page}:${p.at}`), base.keyBy((p) => p.bot), base.keyBy((_, m) => m.headers.get('id') ?? new Uint8Array(0)), base.keyBy(() => 'all'), base.keyBy((p) => BigInt(p.at))]

// 12 several windows from one keyed stream
const keyed = base.keyBy((p) => p.page)
const minutes = keyed.name('minutes').window(tumbling('1m')).count()
together(minutes.to(latestValues()), keyed.name('hours').window(tumbling('1h', { offset: '15m' })).count().to(latestValues()), keyed.name('last').window(slidingByRecord('30s')).count().to(latestValues()))

// 13 user-defined aggregators: generic, fixed, fold, alone
const own = keyed.window(tumbling('5m')).aggregate((a) => ({
  dwell: weighted((p) => p.dwellMs), length: span,
  slow: a.fold({ create: () => 0, add: (n, p) => n + (p.dwellMs > 1000 ? 1 : 0), merge: (x, y) => x + y }),
  shown: a.fold({ create: () => 0, add: (n, p) => n + p.dwellMs, merge: (x, y) => x + y, result: (n) => n.toFixed(1) }),
  users: a.distinct((p) => p.user ?? 'anonymous'), sample: a.collect({ max: 3 }), slowest: a.max((p) => p.dwellMs),
}))
same<typeof own extends Results<infer _K, infer V, infer _W, infer _M, infer _I> ? V : 0, { readonly dwell: number; readonly length: { readonly ms: number }; readonly slow: number; readonly shown: string; readonly users: number; readonly sample: readonly PageView[]; readonly slowest: number }>(true)
keyed.window(tumbling('5m')).aggregate((a) => a.use(weighted((p) => p.dwellMs)))
keyed.window(tumbling('5m')).reduce((x, y) => (x.dwellMs > y.dwellMs ? x : y)).to(collected())
keyed.window(tumbling('5m')).collect({ max: 10 }).map((list, pane) => ({ n: list.length, page: pane.key })).to(collected())
minutes.filter((n) => n > 10).to(latestValues())

// 15 roles; a sink of one's own
minutes.to(collected()).to(latestValues(), { role: 'required' }).to({ open: async () => ({ write: (batch) => { for (const pane of batch) if (pane.kind === 'value') pane.value.toFixed() }, progress: () => {}, flush: async () => {}, close: async () => {} }) }, { role: 'bestEffort', name: 'cache' })
minutes.to(forEach((pane) => { if (pane.kind === 'value') pane.value.toFixed() }))

// 17 triggers and options
void [
  keyed.window(tumbling('1m'), { trigger: watermarkThenUpdates() }),
  keyed.window(session('1m'), { trigger: earlyAndLate({ lateEvery: '1m' }), closing: 'always', onTime: 'nonEmpty' }),
  keyed.window(hopping('10m', { every: '1m' }), { trigger: emitOnClose(), maxKeys: 1_000, whenFull: 'shed' }),
  keyed.window(tumbling('1m'), { trigger: continuousRefinement({ completion: true }), onError: 'skip' }),
]
// 18 the one window takes triggers that need no bounds
keyed.window(oneWindow(), { trigger: continuousRefinement() }).count().to(latestValues())
// 19 discarding to a sink of deltas
keyed.window(tumbling('1m'), { accumulation: 'discarding' }).count().to({ open: async () => ({ write: (batch) => { for (const pane of batch) if (pane.kind === 'delta') pane.value.toFixed() }, progress: () => {}, flush: async () => {}, close: async () => {} }) })
// 20 own assigner with own window fields, punctuated
interface MatchWindow extends TimeWindow { readonly match: string }
pipeline('m').from(views).eventTime({ timestamp: (p) => p.at, watermark: punctuated((p) => (p.bot ? p.at : undefined)) }).keyBy((p) => p.page)
  .window(assignWindows({ assign: (at, p: PageView): MatchWindow[] => [{ start: at, end: at + 1, match: p.page }] })).count().map((n, pane) => pane.window.match + n)
// 21 the discriminated union
function show(pane: Pane<string, number>): string {
  switch (pane.kind) {
    case 'value': return `${pane.value} ${pane.timing}`
    case 'retraction': return `-${pane.value}`
    case 'correction': return `${pane.delta.length}`
    default: return pane satisfies never
  }
}
void show
async function consume(): Promise<void> { for await (const pane of pageStats.start().results()) if (pane.kind === 'value') pane.value.views.toFixed() }
void consume
// 22 a test sink by name
const latest = latestValues<string, number>()
minutes.to(latest)
const maybe: number | undefined = latest.get('/home', { start: 0, end: 60_000 })
void maybe
// 25 durations, await using, events
const d: Duration = '250ms'
const fromText: Duration = duration(String(d))
void fromText
async function live(): Promise<void> { await using j = pageStats.start({ checkpoint: memoryCheckpoints() }); j.on('stalled', (e) => e.split); await j.stop({ deadline: '30s' }) }
void live
// 26 a reusable part with a generic signature
function perMinute<K extends Key, T, In>(stream: KeyedRecords<K, T, In>): Results<K, number, TimeWindow, 'accumulating', In> { return stream.window(tumbling('1m')).count() }
perMinute(keyed).to(latestValues())
function perHour<K extends Key, T>(stream: KeyedRecords<K, T>): Results<K, number> { return stream.window(tumbling('1h')).count() }
perHour(keyed).to(latestValues())
// 27 policies for records that cannot be processed
declare const letters: Sink<DeadLetter>
pipeline('strict', { onError: 'skip' }).from(views).map((v) => v.page.length, { onError: { deadLetterTo: letters } }).to(collected())
// 28 a replay on the clock of the past
pipeline('replay').from(replay(clicks, { arrivedAt: (c) => c.at })).to(collected()).start({ clock: arrivalClock() })
