/** Owns how a user says where a cluster is and how to get in, and that nothing secret of it can be printed. */
import { type Duration, durationMs, problem, show } from '@tidemark/core'

/** Text, or a function that is asked at each login. */
export type Credential = string | (() => string | Promise<string>)

export interface SaslOptions {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER'
  readonly username?: Credential
  readonly password?: Credential
  /** For OAUTHBEARER. */
  readonly token?: Credential
}

/** Handed on to Node's TLS; the usual ones are named. */
export interface TlsOptions {
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[]
  readonly cert?: string | Uint8Array
  readonly key?: string | Uint8Array
  readonly passphrase?: string
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
  readonly [option: string]: unknown
}

export interface KafkaOptions {
  /** Some brokers as host:port; the others are learned from them. */
  readonly brokers: readonly string[]
  readonly clientId?: string
  /** true: encrypted, with the certificates that Node trusts. */
  readonly tls?: boolean | TlsOptions
  readonly sasl?: SaslOptions
  /** How long a broker may take to answer a connection, default 5 s. */
  readonly connectTimeout?: Duration
  /** How long a broker may take to answer a request, default 30 s. */
  readonly requestTimeout?: Duration
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** The options in the form the client wants, checked. */
export interface Settings {
  readonly brokers: readonly Address[]
  readonly clientId: string
  readonly connection: {
    readonly connectTimeout: number
    readonly requestTimeout: number
    readonly tls?: object
    readonly sasl?: object
  }
}

export function settingsOf(options: KafkaOptions): Settings {
  const { brokers, clientId = 'tidemark', tls, sasl, connectTimeout = '5s', requestTimeout = '30s' } = options
  if (!Array.isArray(brokers) || brokers.length === 0) {
    throw problem('BAD_BROKERS', "'brokers' of kafka", {
      found: show(brokers),
      expected: "at least one address such as 'localhost:9092'",
      remedy: 'Name one or more brokers of the cluster; the others are learned from them.',
    })
  }
  if (sasl !== undefined && typeof sasl.mechanism !== 'string') {
    throw problem('BAD_SASL', "'sasl' of kafka", {
      // Whatever is in there may be a secret.
      found: 'no mechanism',
      expected: 'PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER',
      remedy: 'Say how to log in: sasl: { mechanism, username, password }.',
    })
  }
  return {
    brokers: brokers.map(addressOf),
    clientId,
    connection: {
      connectTimeout: durationMs(connectTimeout, "'connectTimeout' of kafka"),
      requestTimeout: durationMs(requestTimeout, "'requestTimeout' of kafka"),
      ...(tls === undefined || tls === false ? {} : { tls: tls === true ? {} : tls }),
      ...(sasl === undefined ? {} : { sasl }),
    },
  }
}

function addressOf(broker: unknown): Address {
  const match = typeof broker === 'string' ? /^(?:\[([^\]]+)\]|([^:@/\s]+)):(\d{1,5})$/.exec(broker) : null
  const port = Number(match?.[3])
  if (match !== null && port > 0 && port < 65_536) return { host: (match[1] ?? match[2]) as string, port }
  throw problem('BAD_BROKERS', "A broker in 'brokers' of kafka", {
    // An address with something like user:password@ in it is not shown.
    found: typeof broker === 'string' && !broker.includes('@') ? show(broker) : 'no host:port',
    expected: "host:port, such as 'localhost:9092'",
    remedy: 'Leave out schemes and paths; users and passwords go into sasl.',
  })
}
