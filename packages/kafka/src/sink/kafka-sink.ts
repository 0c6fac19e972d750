/**
 * Owns `kafkaSink`: results as records of a topic, at least once. Panes are keyed by (key, window) and lie in the
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
import { type WriteOptions, writeSettings } from './options.ts'
import { type Outlet, Producer } from './producer.ts'

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
  /** Progress is written at most this often while a job runs, default 100 ms, and when it ends. */
  readonly progressEvery?: Duration
}

type Written<K, V, W> = Pane<K, V, W> | DeltaPane<K, V, W>

/**
 * Writes panes and progress; `resultRecords` reads them back. Every pane arrives; after a crash some may arrive twice,
 * under the same version (header tm-version).
 * @example .to(kafkaSink({ kafka, topic: 'page-stats' }))
 */
export function kafkaSink<K extends Key, V, W extends TimeWindow | OneWindow = TimeWindow>(
  options: KafkaSinkOptions<K, V>,
): Sink<Written<K, V, W>> {
  const settings = writeSettings(options, 'kafkaSink')
  const progressEveryMs = durationMs(options.progressEvery ?? '100ms', "'progressEvery' of kafkaSink")
  const { kafka } = options
  const keys = (options.key ?? { encode: keyBytes }) as Encoder<K>
  const values = options.value ?? (json<V>() as Encoder<V>)
  return Object.freeze({
    kind: `kafka(${settings.topic})`,
    ...(options.accumulators === true ? { keepsAccumulators: true } : {}),
    open: async (task) => {
      const cluster = await kafka.connect()
      try {
        const producer = await Producer.open(cluster, [settings.topic], settings)
        return new PaneWriter<K, V, W>(producer, {
          task: task.id,
          topic: settings.topic,
          keys,
          values,
          progressEveryMs,
          clock: settings.clock,
        })
      } catch (error) {
        await cluster.close()
        throw error
      }
    },
  } satisfies Sink<Written<K, V, W>>)
}

interface PaneWriterOptions<in K, in V> {
  readonly task: string
  readonly topic: string
  readonly keys: Encoder<K>
  readonly values: Encoder<V>
  readonly progressEveryMs: number
  readonly clock: Clock
}

class PaneWriter<K extends Key, V, W extends TimeWindow | OneWindow> implements SinkWriter<Written<K, V, W>> {
  readonly #producer: Producer
  readonly #out: Outlet
  readonly #options: PaneWriterOptions<K, V>
  #watermark = Number.NEGATIVE_INFINITY
  /** The watermark written last, and when. */
  #told = Number.NEGATIVE_INFINITY
  #toldAt = Number.NEGATIVE_INFINITY
  #timer: (() => void) | undefined
  #closed = false

  constructor(producer: Producer, options: PaneWriterOptions<K, V>) {
    this.#producer = producer
    this.#out = producer.outlet(options.topic)
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
    return this.#producer.send()
  }

  progress(watermark: number): void | Promise<void> {
    this.#watermark = watermark
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
    await this.#producer.flush()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.()
    await this.#producer.close()
  }

  /** Writes the newest progress behind all panes, if it is news. */
  #tell(): Promise<void> | undefined {
    if (this.#watermark <= this.#told) return undefined
    const { clock, task } = this.#options
    const now = clock.now()
    const record = progressRecord({ kind: 'progress', task, watermark: this.#watermark, tasks: 1, idle: false })
    for (let partition = 0; partition < this.#out.partitions; partition++) this.#append(partition, now, record)
    this.#told = this.#watermark
    this.#toldAt = now
    return this.#producer.send()
  }

  #append(partition: number, now: number, { key, value, headers }: EncodedRecord): void {
    this.#out.append(partition, now, key, value, headers)
  }
}

const NO_KEY = new Uint8Array(0)
