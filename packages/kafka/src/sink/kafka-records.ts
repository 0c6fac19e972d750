/** Owns `kafkaRecords`: the records of a pipeline without windows as records of a topic, exactly or at least once. */
import { type Clock, type Key, type Sink, type SinkWriter, type Task, StreamError, reasonOf } from '@tidemark/core'
import { partitionOf } from '../records/murmur2.ts'
import { keyBytes } from '../records/result-key.ts'
import { json } from '../serde/json.ts'
import type { Encoder } from '../serde/serde.ts'
import { type HeaderValue, NO_HEADERS, encodeHeaders } from '../wire/headers.ts'
import { registerSink } from '../transaction/parties.ts'
import { type Committing, type WriteOptions, writeSettings } from './options.ts'
import type { Outlet } from './producer.ts'
import { type Way, openWay, transactionsOf } from './way.ts'

export interface KafkaRecordsOptions<in T> extends WriteOptions {
  /** Records of one key keep their order; without a key they are spread over the partitions. */
  readonly key?: (value: T) => Key | null | undefined
  /** Default: JSON. An encoder that makes null writes a tombstone. */
  readonly value?: Encoder<T>
  readonly headers?: (value: T) => Iterable<readonly [name: string, value: HeaderValue]>
  /** The record's timestamp, ms; default: when it is written. */
  readonly timestamp?: (value: T) => number
}

/**
 * Writes records as they come. Every record arrives; after a crash some may arrive twice, unless `guarantee` says
 * exactly-once.
 * @example .to(kafkaRecords({ kafka, topic: 'clean-views', key: (view) => view.page }))
 */
export function kafkaRecords<T>(options: KafkaRecordsOptions<T> & Committing): Sink<T> {
  const settings = writeSettings(options, 'kafkaRecords')
  const { kafka, key, headers, timestamp, value = json<T>() as Encoder<T> } = options
  const transactions = transactionsOf(options, settings)
  const sink: Sink<T> = Object.freeze({
    kind: `kafka(${settings.topic})`,
    ...(transactions === undefined ? {} : { transactions }),
    open: async (task: Task) => {
      const way = await openWay(kafka, settings, task, transactions !== undefined)
      const { clock, topic } = settings
      return new RecordWriter<T>(way, { clock, topic, key, headers, timestamp, value })
    },
  })
  registerSink(sink, options)
  return sink
}

interface RecordWriterOptions<in T> {
  readonly clock: Clock
  readonly topic: string
  readonly key: KafkaRecordsOptions<T>['key'] | undefined
  readonly headers: KafkaRecordsOptions<T>['headers'] | undefined
  readonly timestamp: KafkaRecordsOptions<T>['timestamp'] | undefined
  readonly value: Encoder<T>
}

class RecordWriter<in T> implements SinkWriter<T> {
  readonly #way: Way
  readonly #out: Outlet
  readonly #options: RecordWriterOptions<T>
  /** Where records without a key go: to one partition for a batch of the pipeline, to the next for the next. */
  #turn = 0

  constructor(way: Way, options: RecordWriterOptions<T>) {
    this.#way = way
    this.#out = way.outlet
    this.#options = options
  }

  write(batch: readonly T[]): void | Promise<void> {
    const { clock, topic } = this.#options
    const now = clock.now()
    this.#turn = (this.#turn + 1) % this.#out.partitions
    for (const value of batch) {
      const record = this.#encode(value, topic, now)
      const partition = record.key === null ? this.#turn : partitionOf(record.key, this.#out.partitions)
      this.#out.append(partition, record.timestamp, record.key, record.value, record.headers)
    }
    return this.#way.send()
  }

  progress(): void {}

  flush(): Promise<void> {
    return this.#way.flush()
  }

  close(): Promise<void> {
    return this.#way.close()
  }

  #encode(
    value: T,
    topic: string,
    now: number,
  ): {
    readonly timestamp: number
    readonly key: Uint8Array | null
    readonly value: Uint8Array | null
    readonly headers: Uint8Array
  } {
    const { key, headers, timestamp, value: encoder } = this.#options
    try {
      const by = key?.(value)
      return {
        timestamp: timestamp?.(value) ?? now,
        key: by === undefined || by === null ? null : keyBytes(by),
        value: encoder.encode(value),
        headers: headers === undefined ? NO_HEADERS : encodeHeaders(headers(value)),
      }
    } catch (cause) {
      if (cause instanceof StreamError) throw cause
      throw new StreamError(
        'ENCODER_THREW',
        `A record for '${topic}' cannot be encoded: ${reasonOf(cause)}. Mend the key, value, headers or timestamp given to kafkaRecords, or filter such records before.`,
        { cause },
      )
    }
  }
}
