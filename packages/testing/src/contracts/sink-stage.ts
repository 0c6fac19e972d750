/** Owns the stage of the checks of sinks: panes by version, writers, and what must stand after each flush. */
import type {
  Pane,
  Sink,
  SinkWriter,
  TimeWindow,
  TransactionSession,
  TransactionalSink,
  Transactions,
} from '@tidemark/core'
import { utf8 } from './cells.ts'
import { same, sameLines } from './contract.ts'
import type { Patience } from './patience.ts'
import { TASK } from './source-stage.ts'

/** A result as a reader finds it. */
export interface StandingResult {
  readonly key: string
  readonly window: TimeWindow
  readonly value: number
}

/** A sink under test and a way to read what is in it. */
export interface SinkBench {
  readonly sink: Sink<Pane<string, number>>
  /**
   * What a reader finds: the newest of each key and window, without what is withdrawn. Of a sink that keeps every pane,
   * what a reader makes of them by their versions; `latestValues()` does that.
   */
  readonly standing: () => Iterable<StandingResult> | Promise<Iterable<StandingResult>>
  /** The watermark that readers are told, where they are told one. */
  readonly progress?: () => number | Promise<number>
  /** It refuses jobs that make their results anew. Others write in a greater epoch each time: by their panes, or the sink's own. */
  readonly durableOnly?: boolean
}

/** Makes a sink that has nothing yet: one for each check, or on a server one that writes to a place of its own. */
export type MakeSinkBench = () => SinkBench | Promise<SinkBench>

export type TestPane = Pane<string, number>

export interface PaneAt {
  readonly key?: string
  readonly window?: TimeWindow
  readonly index?: number
  readonly epoch?: number
  readonly kind?: TestPane['kind']
  readonly value?: number
}

const MINUTE: TimeWindow = { start: 0, end: 60_000 }

/** A pane whose value and accumulator follow from its version, if none are given; nothing may change it. */
export function paneAt({ key = 'a', window = MINUTE, index = 0, epoch = 0, kind = 'value', value }: PaneAt): TestPane {
  const base = { key, window: Object.freeze({ ...window }), index, epoch, watermark: window.end, emittedAt: 1_000 }
  if (kind === 'correction') {
    const delta = utf8(`${index}`)
    return Object.freeze({ ...base, kind, index: 0, id: `split@${index}`, delta })
  }
  const number = value ?? 1_000 * epoch + index
  const said = { value: number, timing: 'on-time' as const, isFirst: index === 0 }
  return Object.freeze(
    kind === 'retraction'
      ? { ...base, ...said, kind, isLast: false as const }
      : { ...base, ...said, kind, isLast: false, records: index + 1, lateRecords: 0, accumulator: utf8(`${number}`) },
  )
}

const placeOf = ({ key, window }: Pick<TestPane, 'key' | 'window'>): string =>
  `${JSON.stringify(key)} [${window.start}, ${window.end})`

/** An equal version rewrites, an older one never does; corrections stand beside. */
class Standing {
  readonly #newest: Map<string, TestPane> = new Map()

  apply(pane: TestPane): void {
    if (pane.kind === 'correction') return
    const known = this.#newest.get(placeOf(pane))
    if (known === undefined || compare(pane, known) >= 0) this.#newest.set(placeOf(pane), pane)
  }

  get lines(): readonly string[] {
    return [...this.#newest]
      .flatMap(([place, pane]) => (pane.kind === 'value' ? [`${place} = ${pane.value}`] : []))
      .sort()
  }
}

function compare(a: TestPane, b: TestPane): number {
  const revision = ({ index, kind }: TestPane): number => 2 * index + (kind === 'retraction' ? 1 : 0)
  return a.epoch === b.epoch ? revision(a) - revision(b) : a.epoch - b.epoch
}

export class SinkStage {
  readonly bench: SinkBench
  readonly patience: Patience
  readonly #standing: Standing = new Standing()
  readonly #writers: Writing[] = []
  #runs = 0

  constructor(bench: SinkBench, patience: Patience) {
    this.bench = bench
    this.patience = patience
  }

  /** Of a transactional sink. */
  get transactions(): Transactions | undefined {
    return transactionsOf(this.bench.sink)
  }

  /** A writer of a job that is durable; else of the next run of one that makes its results anew, in an epoch of its own. */
  async open(durable = true): Promise<Writing> {
    const epoch = durable ? 0 : ++this.#runs
    const writing = await Writing.open(this.bench.sink, this, { durable, epoch })
    this.#writers.push(writing)
    return writing
  }

  written(panes: readonly TestPane[]): void {
    for (const pane of panes) this.#standing.apply(pane)
  }

  /** Throws unless readers find what was written. */
  async stands(when: string): Promise<void> {
    const expected = this.#standing.lines
    const found = await this.#found(`reading what stands ${when}`, () => this.#read(), expected)
    sameLines(`what stands ${when}`, found, expected)
  }

  /** Throws unless readers are told so, where the bench says what they are told. */
  async told(watermark: number): Promise<void> {
    const { progress } = this.bench
    if (progress === undefined) return
    const found = await this.#found('reading the watermark', async () => [await progress()], [watermark])
    same('the watermark that readers are told', found[0], watermark)
  }

  /** What was committed readers may see a little later. */
  async #found<T>(what: string, read: () => Promise<readonly T[]>, expected: readonly T[]): Promise<readonly T[]> {
    let found: readonly T[] = []
    await this.patience.until(async () => {
      found = await this.patience.within(what, read())
      return this.transactions === undefined || found.join() === expected.join()
    })
    return found
  }

  async #read(): Promise<readonly string[]> {
    return [...(await this.bench.standing())].map((result) => `${placeOf(result)} = ${result.value}`).sort()
  }

  async close(): Promise<void> {
    for (const writing of this.#writers) await writing.close()
  }
}

export function transactionsOf(sink: Sink<TestPane>): Transactions | undefined {
  return (sink as Partial<TransactionalSink<TestPane>>).transactions
}

/** Whoever is told what is written. */
interface Audience {
  readonly patience: Patience
  readonly written: (panes: readonly TestPane[]) => void
}

export class Writing {
  readonly #stage: Audience
  readonly #writer: SinkWriter<TestPane>
  readonly #session: TransactionSession | undefined
  readonly #epoch: number
  #closed = false

  private constructor(
    stage: Audience,
    writer: SinkWriter<TestPane>,
    session: TransactionSession | undefined,
    epoch: number,
  ) {
    this.#stage = stage
    this.#writer = writer
    this.#session = session
    this.#epoch = epoch
  }

  static async open(
    sink: Sink<TestPane>,
    stage: Audience,
    { durable = true, epoch = 0 }: { readonly durable?: boolean; readonly epoch?: number } = {},
  ): Promise<Writing> {
    const { within } = stage.patience
    const opening = transactionsOf(sink)?.open({ job: 'verify', sinks: [sink], sources: [] })
    const session = await within('opening transactions', opening)
    const task = { ...TASK, durable, ...(session === undefined ? {} : { transaction: session }) }
    return new Writing(stage, await within('opening a writer', sink.open(task)), session, epoch)
  }

  async write(...panes: readonly PaneAt[]): Promise<void> {
    const batch = Object.freeze(panes.map((pane) => paneAt({ ...pane, epoch: this.#epoch })))
    this.#stage.written(batch)
    await this.#within(`writing ${batch.length} panes`, this.#writer.write(batch))
  }

  /** Into a transaction that is not decided. */
  async unseen(...panes: readonly PaneAt[]): Promise<void> {
    await this.#within(`writing ${panes.length} panes`, this.#writer.write(panes.map(paneAt)))
    await this.#within('a flush', this.#writer.flush())
  }

  async abort(): Promise<void> {
    await this.#within('an abort', this.#session?.abort())
  }

  async progress(watermark: number): Promise<void> {
    await this.#within(`progress to ${watermark}`, this.#writer.progress(watermark))
  }

  /** Makes safe what was written, and with a transaction seen. */
  async flush(): Promise<void> {
    await this.#within('a flush', this.#writer.flush())
    const aborted = await this.#within('a commit', this.#session?.commit())
    if (aborted !== undefined) throw aborted
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#within('closing a writer', this.#writer.close())
    await this.#within('closing transactions', this.#session?.close())
  }

  #within<R>(what: string, done: R | Promise<R>): Promise<R> {
    return this.#stage.patience.within(what, done)
  }
}
