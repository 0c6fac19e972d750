/**
 * Owns `kafkaSink`: results as records of a topic, exactly or at least once. Panes are keyed by (key, window) and lie in the
 * partition of the user's key; behind them comes the progress of the task, in every partition, so that a reader of any
 * of them knows what is final.
 */
import {
  type DeltaPane,
  type Key,
  type OneWindow,
  type Pane,
  type Sink,
  type SinkWriter,
  type Task,
  type TimeWindow,
  type Clock,
  type Duration,
  durationMs,
} from '@tidemark/core'
import { type EncodedRecord, paneRecord, progressRecord } from '../records/pane-record.ts'
import { partitionOf } from '../records/murmur2.ts'
import { keyBytes } from '../records/result-key.ts'
import { json } from '../serde/json.ts'
import type { Encoder } from '../serde/serde.ts'
import { pause } from '../client/retry.ts'
import { registerSink } from '../transaction/parties.ts'
import { ignored } from '../source/options.ts'
import { type Committing, type WriteOptions, writeSettings } from './options.ts'
import type { Outlet } from './producer.ts'
import { type Way, openWay, transactionsOf } from './way.ts'

export interface KafkaSinkOptions<in K, in V> extends WriteOptions {
  /** The key's bytes, which decide the partition: as a producer of the input writes them. Default: text in UTF-8. */
  readonly key?: Encoder<K>
  /** Default: JSON. */
  readonly value?: Encoder<V>
  /**
   * For the serving tiers (`kafkaResults`): each value goes with the encoded accumulator it was made of, results that a
   * filter leaves out come as null values with theirs, records that are too late as corrections. Default false.
   */
  readonly accumulators?: boolean
  /** Progress is written at most this often while a job runs, default 100 ms, and when it ends; exactly once: with each commit. */
  readonly progressEvery?: Duration
}

type Written<K, V, W> = Pane<K, V, W> | DeltaPane<K, V, W>

/**
 * Writes panes and progress; `resultRecords` reads them back. At least once: every pane arrives; after a crash some may
 * arrive twice, under the same version (header tm-version). Exactly once: who reads committed records reads each once.
 * @example .to(kafkaSink({ kafka, topic: 'page-stats' }))
 */
export function kafkaSink<K extends Key, V, W extends TimeWindow | OneWindow = TimeWindow>(
  options: KafkaSinkOptions<K, V> & Committing,
): Sink<Written<K, V, W>> {
  const settings = writeSettings(options, 'kafkaSink')
  const progressEveryMs = durationMs(options.progressEvery ?? '100ms', "'progressEvery' of kafkaSink")
  const { kafka, guarantee } = options
  if (options.progressEvery !== undefined && guarantee === 'exactly-once')
    throw ignored(
      "'progressEvery' of kafkaSink",
      "it with guarantee: 'exactly-once'",
      "'commit.every': progress goes with each commit",
    )
  const keys = (options.key ?? { encode: keyBytes }) as Encoder<K>
  const values = options.value ?? (json<V>() as Encoder<V>)
  const transactions = transactionsOf(options, settings)
  const sink: Sink<Written<K, V, W>> = Object.freeze({
    kind: `kafka(${settings.topic})`,
    ...(options.accumulators === true ? { keepsAccumulators: true } : {}),
    ...(transactions === undefined ? {} : { transactions }),
    open: async (task: Task) => {
      const way = await openWay(kafka, settings, task, transactions !== undefined)
      const { id, tasks = 1 } = task
      return new PaneWriter<K, V, W>(way, { task: id, tasks, keys, values, progressEveryMs, clock: settings.clock })
    },
  })
  registerSink(sink, options)
  return sink
}

interface PaneWriterOptions<in K, in V> {
  readonly task: string
  readonly tasks: number
  readonly keys: Encoder<K>
  readonly values: Encoder<V>
  readonly progressEveryMs: number
  readonly clock: Clock
}

class PaneWriter<K extends Key, V, W extends TimeWindow | OneWindow> implements SinkWriter<Written<K, V, W>> {
  readonly #way: Way
  readonly #out: Outlet
  readonly #options: PaneWriterOptions<K, V>
  #watermark = Number.NEGATIVE_INFINITY
  #idle = false
  /** The progress written last, and when. */
  #told = Number.NEGATIVE_INFINITY
  #toldIdle = false
  #toldAt = Number.NEGATIVE_INFINITY
  #timer: (() => void) | undefined
  #closed = false

  constructor(way: Way, options: PaneWriterOptions<K, V>) {
    this.#way = way
    this.#out = way.outlet
    this.#options = options
  }

  write(panes: readonly Written<K, V, W>[]): void | Promise<void> {
    const { keys, values, clock } = this.#options
    const { partitions } = this.#out
    const now = clock.now()
    for (const pane of panes) {
      const key = keys.encode(pane.key) ?? NO_KEY
      this.#append(partitionOf(key, partitions), now, paneRecord(pane as Written<Key, V, W>, values))
    }
    return this.#way.send()
  }

  progress(watermark: number, idle = false): void | Promise<void> {
    this.#watermark = watermark
    this.#idle = idle
    // Once for each commit, behind all panes of the interval.
    if (this.#way.transactional) return
    const { clock, progressEveryMs } = this.#options
    const wait = this.#toldAt + progressEveryMs - clock.now()
    if (wait <= 0) return this.#tell()
    if (this.#timer !== undefined) return
    const { over, wake } = pause(clock, wait)
    this.#timer = wake
    void over.then(() => {
      this.#timer = undefined
      if (this.#closed) return
      // What it fails with is said by the next write or flush.
      try {
        void this.#tell()?.catch(() => {})
      } catch {
        // Likewise.
      }
    })
  }

  async flush(): Promise<void> {
    void this.#tell()
    await this.#way.flush()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.()
    await this.#way.close()
  }

  /** Writes the newest progress behind all panes, if it is news. */
  #tell(): Promise<void> | undefined {
    const [watermark, idle] = [this.#watermark, this.#idle]
    if (watermark <= this.#told && idle === this.#toldIdle) return undefined
    const { clock, task, tasks } = this.#options
    const now = clock.now()
    const record = progressRecord({ kind: 'progress', task, watermark, tasks, idle })
    for (let partition = 0; partition < this.#out.partitions; partition++) this.#append(partition, now, record)
    this.#told = watermark
    this.#toldIdle = idle
    this.#toldAt = now
    return this.#way.send()
  }

  #append(partition: number, now: number, { key, value, headers }: EncodedRecord): void {
    this.#out.append(partition, now, key, value, headers)
  }
}

const NO_KEY = new Uint8Array(0)
