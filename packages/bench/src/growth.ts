/** Owns how time per record and memory grow with keys and with open windows, one axis at a time, as Markdown. */
import { median } from './bench.ts'
import { draftSource } from './draft-source.ts'
import { everyKey, scattered } from './drafts.ts'
import type { HandResult } from './hand/totals.ts'
import { HandTumbling } from './hand/tumbling.ts'
import type { Options } from './options.ts'
import { MINUTE, type TotalsPane, batchSink, minutes, totals } from './pipelines.ts'
import { pollute } from './pollute.ts'
import { type Draft, freshRecords, keyMaker } from './records.ts'
import { type Memory, collectGarbage, threadNow } from './thread.ts'
import { keptKeys, weighEngine, weighHand } from './weighing.ts'

/** One point on an axis. */
interface Point {
  readonly at: number
  readonly keys: number
  readonly windows: number
  readonly draft: () => Draft
}

interface Grown {
  readonly at: number
  readonly records: number
  readonly entries: number
  readonly nsPerRecord: number
  readonly handNsPerRecord: number
  readonly bytesPerEntry: number
  readonly handBytesPerEntry: number
}

const RECORDS = 2_000_000
const KEYS = [10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]
const WINDOWS = [1, 10, 100, 1_000]
const KEYS_OF_WINDOWS = 100
/** State of fewer entries drowns in what else moves on the heap. */
const FEWEST_WEIGHED = 1_000
/** Memory hardly differs between runs. */
const MOST_WEIGHED = 3

/** `say` is told how far it is. */
export async function growthTables(
  { runs, scale, unpolluted }: Options,
  say: (line: string) => void = () => {},
): Promise<string> {
  if (!unpolluted) await pollute()
  const records = Math.round(RECORDS * scale)
  const byKeys = KEYS.filter((keys) => keys <= 10_000_000 * scale).map((keys): Point => ({
    at: keys,
    keys,
    windows: 1,
    draft: () => everyKey(keys, Math.max(2, Math.round(records / keys))),
  }))
  const byWindows = WINDOWS.filter((windows) => windows <= Math.max(1, 1_000 * scale)).map((windows): Point => ({
    at: windows,
    keys: KEYS_OF_WINDOWS,
    windows,
    draft: () => scattered(records, KEYS_OF_WINDOWS, windows),
  }))
  return [
    '\n### Keys, all in one window\n',
    markdown('keys', await grow(byKeys, runs, say)),
    `\n### Open windows, each record in one of them at random, ${KEYS_OF_WINDOWS} keys\n`,
    markdown('open windows', await grow(byWindows, runs, say)),
  ].join('\n')
}

async function grow(points: readonly Point[], runs: number, say: (line: string) => void): Promise<readonly Grown[]> {
  const grown: Grown[] = []
  for (const point of points) {
    const one = await growTo(point, runs)
    grown.push(one)
    say(`  ${one.at.toLocaleString('en')}: ${one.nsPerRecord.toFixed(0)} ns/record`)
  }
  return grown
}

async function growTo({ at, keys, windows, draft: make }: Point, runs: number): Promise<Grown> {
  const draft = make()
  const records = draft.keys.length
  // No window is complete before the end.
  const boundMs = windows * MINUTE
  const ours: number[] = []
  const hand: number[] = []
  const entries = await checked(draft, boundMs)
  for (let run = 0; run < runs; run++) {
    hand.push(handNs(draft, boundMs) / records)
    ours.push((await engineNs(draft, boundMs)) / records)
  }
  const keyOf = keptKeys(keys)
  const weights: number[] = []
  const handWeights: number[] = []
  for (let run = 0; run < Math.min(runs, MOST_WEIGHED); run++) {
    weights.push(total(await weighEngine(draft, boundMs, keyOf)))
    handWeights.push(total(weighHand(draft, boundMs, keyOf)))
  }
  return {
    at,
    records,
    entries,
    nsPerRecord: median(ours),
    handNsPerRecord: median(hand),
    bytesPerEntry: median(weights) / entries,
    handBytesPerEntry: median(handWeights) / entries,
  }
}

function total({ heap, external }: Memory): number {
  return heap + external
}

/** What all results come to, however many they are: none can be missing, or be in another window, unnoticed. */
class Together {
  panes = 0
  #count = 0
  #sum = 0
  #byWindow = 0

  add(start: number, { count, sum }: { readonly count: number; readonly sum: number }): void {
    this.panes++
    this.#count += count
    this.#sum += sum
    this.#byWindow += count * ((start / MINUTE) % 10_007)
  }

  /** Sums of the same numbers in another order differ in their last digits. */
  text(): string {
    return [this.panes, this.#count, this.#byWindow, this.#sum.toPrecision(9)].join(' ')
  }
}

/** Both ways come to the same; tells how many results there are. */
async function checked(draft: Draft, boundMs: number): Promise<number> {
  const [engine, hand] = [new Together(), new Together()]
  const sink = batchSink<TotalsPane>((batch) => {
    for (const pane of batch) if (pane.kind === 'value') engine.add(pane.window.start, pane.value)
  })
  await totals(draftSource(draft), sink, { windows: minutes, boundMs }).start().done
  handNs(draft, boundMs, (result) => hand.add(result.start, result))
  if (engine.text() !== hand.text()) throw new Error(`wrong results: ${engine.text()}, by hand ${hand.text()}`)
  return engine.panes
}

/** All of a run but the making of its records; panes are let go. */
async function engineNs(draft: Draft, boundMs: number): Promise<number> {
  const source = draftSource(draft)
  collectGarbage()
  const begun = threadNow()
  await totals(
    source,
    batchSink<TotalsPane>(() => {}),
    { windows: minutes, boundMs },
  ).start().done
  return threadNow() - begun - source.spentNs
}

function handNs(draft: Draft, boundMs: number, take: (result: HandResult) => void = () => {}): number {
  const keyOf = keyMaker()
  const tumbling = new HandTumbling(MINUTE, boundMs, take)
  let spent = 0
  collectGarbage()
  const begun = threadNow()
  for (let at = 0; at < draft.keys.length; at += 1_024) {
    const making = threadNow()
    const records = freshRecords(draft, at, Math.min(at + 1_024, draft.keys.length), keyOf)
    spent += threadNow() - making
    tumbling.take(records)
  }
  tumbling.finish()
  return threadNow() - begun - spent
}

function markdown(axis: string, grown: readonly Grown[]): string {
  const whole = (count: number): string => Math.round(count).toLocaleString('en')
  const bytes = (perEntry: number, entries: number): string => (entries < FEWEST_WEIGHED ? '–' : whole(perEntry))
  const rows = grown.map(({ at, records, entries, nsPerRecord, handNsPerRecord, bytesPerEntry, handBytesPerEntry }) => [
    whole(at),
    whole(records),
    whole(entries),
    whole(nsPerRecord),
    whole(handNsPerRecord),
    (nsPerRecord / handNsPerRecord).toFixed(2),
    bytes(bytesPerEntry, entries),
    bytes(handBytesPerEntry, entries),
  ])
  const head = [axis, 'records', 'entries', 'ns/record', 'by hand', 'ratio', 'bytes/entry', 'by hand']
  return [head, head.map(() => '---:'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
