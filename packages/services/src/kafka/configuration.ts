/** Owns the properties of a test broker: small, quick to start and to notice a dead peer, on 127.0.0.1 only. */

/** One node: broker and controller in one process. Further listeners are there when they have a port. */
export interface KafkaPorts {
  readonly plain: number
  readonly controller: number
  readonly ssl?: number
  readonly saslSsl?: number
  readonly saslPlaintext?: number
  /** The broker listens at the first and tells clients to come to the second, where a proxy stands. */
  readonly proxied?: { readonly behind: number; readonly advertised: number }
}

export interface KafkaLayout {
  readonly id: number
  readonly ports: KafkaPorts
  readonly dataFolder: string
}

export interface KafkaCluster {
  readonly layouts: readonly KafkaLayout[]
  /** Names the lines that differ: `3.9.2`. */
  readonly version: string
  readonly secure: KafkaFiles | undefined
  readonly settings: Readonly<Record<string, string>>
}

export interface KafkaFiles {
  readonly certFile: string
  readonly keyAndCertFile: string
}

/** The one user of a secure cluster. */
export const kafkaUser = { username: 'alice', password: 'alice-secret' } as const
export const saslMechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

/** The text of the properties file of one node. What the caller sets wins. */
export function kafkaProperties({ id, ports, dataFolder }: KafkaLayout, cluster: KafkaCluster): string {
  const { layouts, version, secure, settings } = cluster
  const replicas = String(layouts.length)
  const minIsr = String(Math.ceil(layouts.length / 2))
  const listeners = listenersOf(ports)
  const all: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    'controller.quorum.bootstrap.servers': layouts.map((node) => `127.0.0.1:${node.ports.controller}`).join(','),
    listeners: listeners.map(({ name, port }) => `${name}://127.0.0.1:${port}`).join(','),
    'advertised.listeners': listeners.map(({ name, advertised }) => `${name}://127.0.0.1:${advertised}`).join(','),
    'listener.security.protocol.map': listeners.map(({ name, protocol }) => `${name}:${protocol}`).join(','),
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': dataFolder,

    // Few partitions: a quick first group join and a quick first transaction.
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.num.partitions': '4',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': minIsr,
    'default.replication.factor': replicas,
    'min.insync.replicas': minIsr,
    'num.partitions': '1',
    'auto.create.topics.enable': 'true',
    ...(version.startsWith('3.')
      ? // Members of the newer group protocol are refused by 3.9 unless asked for.
        { 'group.coordinator.rebalance.protocols': 'classic,consumer' }
      : {
          'share.coordinator.state.topic.num.partitions': '4',
          'share.coordinator.state.topic.replication.factor': replicas,
          'share.coordinator.state.topic.min.isr': minIsr,
        }),

    // No wait of three seconds before the first rebalance, and short sessions are allowed.
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    // A dead broker is noticed after 3 s instead of 9.
    'broker.heartbeat.interval.ms': '500',
    'broker.session.timeout.ms': '3000',

    // A small process: by default the buffer of the log cleaner alone has 128 MiB.
    'log.cleaner.dedupe.buffer.size': '4194304',
    'num.network.threads': '2',
    'num.io.threads': '4',
    'background.threads': '2',
    'num.recovery.threads.per.data.dir': '1',
    ...(secure === undefined ? {} : secureProperties(secure)),
    ...settings,
  }
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

function listenersOf(
  ports: KafkaPorts,
): readonly { name: string; port: number; advertised: number; protocol: string }[] {
  const all = [
    { name: 'PLAINTEXT', port: ports.plain, protocol: 'PLAINTEXT' },
    { name: 'CONTROLLER', port: ports.controller, protocol: 'PLAINTEXT' },
    { name: 'SSL', port: ports.ssl, protocol: 'SSL' },
    { name: 'SASL_SSL', port: ports.saslSsl, protocol: 'SASL_SSL' },
    { name: 'SASL_PLAINTEXT', port: ports.saslPlaintext, protocol: 'SASL_PLAINTEXT' },
    { name: 'PROXIED', port: ports.proxied?.behind, protocol: 'PLAINTEXT' },
  ]
  return all.flatMap(({ name, port, protocol }) => {
    if (port === undefined) return []
    return [{ name, port, protocol, advertised: name === 'PROXIED' ? ports.proxied!.advertised : port }]
  })
}

function secureProperties({ certFile, keyAndCertFile }: KafkaFiles): Record<string, string> {
  const modules = 'org.apache.kafka.common.security'
  const { username, password } = kafkaUser
  const plain = `${modules}.plain.PlainLoginModule required user_${username}="${password}";`
  const scram = `${modules}.scram.ScramLoginModule required;`
  const logins = ['sasl_ssl', 'sasl_plaintext'].flatMap((listener) =>
    saslMechanisms.map((mechanism): [string, string] => [
      `listener.name.${listener}.${mechanism.toLowerCase()}.sasl.jaas.config`,
      mechanism === 'PLAIN' ? plain : scram,
    ]),
  )
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keyAndCertFile,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': certFile,
    // A client's certificate is checked when there is one.
    'ssl.client.auth': 'requested',
    'sasl.enabled.mechanisms': saslMechanisms.join(','),
    ...Object.fromEntries(logins),
  }
}
