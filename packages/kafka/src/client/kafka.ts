/** Owns `kafka`: the description of a real cluster, from which sources and sinks make their connections. */
import { BrokerCluster } from './broker-cluster.ts'
import { loadClient } from './client-module.ts'
import type { Kafka } from './cluster.ts'
import { type KafkaOptions, settingsOf } from './options.ts'

/**
 * A Kafka cluster, for sources and sinks to use. Nothing connects before a job starts, and nothing secret in the options
 * can be printed from it.
 * @example kafka({ brokers: ['localhost:9092'], tls: true, sasl: { mechanism: 'SCRAM-SHA-512', username, password } })
 */
export function kafka(options: KafkaOptions): Kafka {
  const settings = settingsOf(options)
  const kind = `kafka at ${settings.brokers.map(({ host, port }) => `${host}:${port}`).join(', ')}`
  // The settings are in the closure, out of reach of inspect and JSON.
  return Object.freeze({ kind, connect: async () => new BrokerCluster(await loadClient(), settings) })
}
