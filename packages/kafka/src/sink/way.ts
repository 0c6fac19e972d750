/** Owns the way of a sink's records to its topic: through a producer of its own, or into the transaction of the job. */
import { type Task, type Transactions, problem } from '@tidemark/core'
import type { Kafka } from '../client/cluster.ts'
import { KafkaSession } from '../transaction/kafka-session.ts'
import { kafkaTransactions } from '../transaction/kafka-transactions.ts'
import type { WriteOptions, WriteSettings } from './options.ts'
import { type Outlet, Producer } from './producer.ts'

export interface Way {
  readonly outlet: Outlet
  /** Whether all is seen at the commit of the job, not when it is sent. */
  readonly transactional: boolean
  /** Sends what waits; a promise only where too much does. */
  send(): Promise<void> | undefined
  /** In a transaction the commit does it. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** What makes the sink transactional, if it is to be. */
export function transactionsOf(options: WriteOptions, settings: WriteSettings): Transactions | undefined {
  return options.guarantee === 'exactly-once' ? kafkaTransactions(options, settings) : undefined
}

/** `transactional`: into the task's transaction. */
export async function openWay(kafka: Kafka, settings: WriteSettings, task: Task, transactional: boolean): Promise<Way> {
  const { topic } = settings
  if (transactional) {
    const { transaction } = task
    if (!(transaction instanceof KafkaSession)) {
      throw problem('NOT_ONE_COMMIT', `The exactly-once sink of '${topic}'`, {
        found: 'no transaction to write into',
        expected: 'a job that commits with it',
        remedy: 'Use it in a pipeline, as the primary sink or beside one of the same cluster.',
      })
    }
    const outlet = transaction.outlet(topic)
    const nothing = (): Promise<void> => Promise.resolve()
    return { outlet, transactional, send: () => transaction.send(), flush: nothing, close: nothing }
  }
  const cluster = await kafka.connect()
  try {
    const producer = await Producer.open(cluster, [topic], settings)
    return {
      outlet: producer.outlet(topic),
      transactional,
      send: () => producer.send(),
      flush: () => producer.flush(),
      close: () => producer.close(),
    }
  } catch (error) {
    await cluster.close()
    throw error
  }
}
