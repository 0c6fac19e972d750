/**
 * Owns `hbaseSink`: the results of a pipeline straight into a table, the newest version of each window, withdrawals and
 * corrections included. Without boundary, hot store and rebuild: for those there are tiers.
 */
import {
  type ColdSession,
  type Duration,
  type Key,
  type Pane,
  type Sink,
  type SinkWriter,
  type TimeWindow,
  paneCell,
  periodMs,
  problem,
} from '@tidemark/core'
import { type Codec, jsonCodec } from '../codec.ts'
import { type HBaseStoreOptions, storeSettings } from '../store/options.ts'
import { type OpenTable, withTable } from '../store/open-table.ts'

export interface HBaseSinkOptions<V> extends HBaseStoreOptions {
  /** Whose results these are, where several pipelines write into one table; default 'results'. */
  readonly name?: string
  /**
   * The size of the windows, which decides how many lie in one row. Default: what the table says, or for new results
   * the size of the first window that is written.
   */
  readonly windowSize?: Duration
  /** Default: JSON. */
  readonly value?: Pick<Codec<V>, 'encode'>
}

/**
 * Writes panes by version. The job needs a checkpoint: HBase orders results by one number, so a job that makes its
 * results anew could not replace what it wrote before.
 * @example .to(hbaseSink({ thrift: 'http://gateway:9090', table: 'page_stats' }))
 */
export function hbaseSink<K extends Key, V>(options: HBaseSinkOptions<V>): Sink<Pane<K, V, TimeWindow>> {
  const settings = storeSettings(options, 'hbaseSink')
  const { name = 'results', value = jsonCodec<V>(), windowSize } = options
  const windowMs = windowSize === undefined ? undefined : periodMs(windowSize, "'windowSize' of hbaseSink")
  return Object.freeze({
    kind: `hbase(${settings.table.name})`,
    latestValuesOnly: true,
    open: async ({ durable, signal }) => {
      if (durable !== true) throw notDurable()
      return withTable(settings, { signal, create: true }, async (table) => {
        const size = windowMs ?? (await table.windowMs(name))
        const session = size === undefined ? undefined : await table.results(name, size)
        return new PaneWriter<K, V>({ table, name, encode: (each) => value.encode(each) }, session)
      })
    },
  } satisfies Sink<Pane<K, V, TimeWindow>>)
}

interface PaneWriterParts<V> {
  readonly table: OpenTable
  readonly name: string
  readonly encode: (value: V) => Uint8Array
}

class PaneWriter<K extends Key, V> implements SinkWriter<Pane<K, V, TimeWindow>> {
  readonly #parts: PaneWriterParts<V>
  #session: ColdSession | undefined
  #watermark = Number.NEGATIVE_INFINITY

  constructor(parts: PaneWriterParts<V>, session: ColdSession | undefined) {
    this.#parts = parts
    this.#session = session
  }

  async write(panes: readonly Pane<K, V, TimeWindow>[]): Promise<void> {
    const cells = panes.map((pane) => paneCell(pane, this.#parts.encode))
    const [first] = panes
    if (first === undefined) return
    const { table, name } = this.#parts
    this.#session ??= await table.results(name, Math.max(1, first.window.end - first.window.start))
    await this.#session.put(cells, { watermark: this.#watermark })
  }

  progress(watermark: number): void {
    this.#watermark = watermark
  }

  // Every write has waited until HBase had it.
  async flush(): Promise<void> {}

  async close(): Promise<void> {
    this.#parts.table.close()
  }
}

function notDurable(): Error {
  return problem('HBASE_EPOCH', 'hbaseSink', {
    found: 'a job without a checkpoint, or the role bestEffort',
    expected:
      'results that a restart sends again as they were: HBase orders them by one number, and cannot tell those that are made anew',
    remedy: 'Start the job with a checkpoint, and the sink in another role.',
  })
}
