/** Owns what a running Kafka offers to tests, and what can be asked of it. */
import type { InstanceOptions } from '../instance/instance.ts'
import type { Proxy } from '../net/proxy.ts'

export interface KafkaOptions extends InstanceOptions {
  /** 1 unless told, or 3; each is broker and controller. */
  readonly nodes?: 1 | 3 | undefined
  /** Listeners with TLS, with SASL and with both, beside the plain one. */
  readonly secure?: boolean | undefined
  /** A proxy before each node, and a listener that tells clients to come there: `proxied` and `nodes[0].proxy`. */
  readonly proxied?: boolean | undefined
  /** Broker properties that win over those of this package: `{ 'log.retention.ms': '1000' }`. */
  readonly settings?: Readonly<Record<string, string>> | undefined
  /** Memory of one node, 256m unless told. */
  readonly heap?: string | undefined
}

export interface KafkaNode {
  /** From 1; what `kill` and `restart` take. */
  readonly id: number
  /** The plain listener. */
  readonly address: string
  readonly log: string
  /** undefined while it does not run. */
  readonly pid: number | undefined
  /** There when `proxied` was asked for. */
  readonly proxy: Proxy | undefined
}

export interface KafkaSecurity {
  readonly ssl: readonly string[]
  readonly saslSsl: readonly string[]
  readonly saslPlaintext: readonly string[]
  /** The certificate to trust, as PEM. */
  readonly ca: string
  /** A certificate that the brokers trust, for clients that show one. */
  readonly client: { readonly cert: string; readonly key: string }
  readonly mechanisms: readonly string[]
  readonly username: string
  readonly password: string
}

export interface Kafka extends AsyncDisposable {
  readonly version: string
  /** The plain listeners of all nodes. */
  readonly bootstrap: readonly string[]
  /** The addresses of the proxies; empty unless asked for. */
  readonly proxied: readonly string[]
  readonly secure: KafkaSecurity | undefined
  readonly nodes: readonly KafkaNode[]
  /** SIGKILL unless told; returns when the process has ended, or at once after SIGSTOP and SIGCONT. */
  readonly kill: (node: number, signal?: NodeJS.Signals) => Promise<void>
  /** On the same data and addresses; returns when the node serves and is among the live brokers. */
  readonly restart: (node: number) => Promise<void>
  /** Ends all and deletes the data. */
  readonly stop: () => Promise<void>
}
