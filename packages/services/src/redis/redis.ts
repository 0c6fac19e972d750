/** Owns what a running Redis offers to tests, and what can be asked of it. */
import type { InstanceOptions } from '../instance/instance.ts'

export interface RedisOptions extends InstanceOptions {
  /** 1 unless told: stand-alone. 3 up to 9: a cluster. */
  readonly nodes?: number | undefined
  /** Replicas of each master of a cluster: six nodes and one replica make three masters that can fail over. */
  readonly replicas?: number | undefined
  /** A port with TLS beside the plain one; a cluster then sends clients to ports with TLS. */
  readonly tls?: boolean | undefined
  readonly password?: string | undefined
  /** Writes every change to a file, so that data is there again after a restart; else a restarted node is empty. */
  readonly appendOnly?: boolean | undefined
  /** Lines of redis.conf that win over those of this package: `{ maxmemory: '10mb' }`. */
  readonly settings?: Readonly<Record<string, string>> | undefined
}

export interface RedisNode {
  /** From 1; what `kill` and `restart` take. */
  readonly id: number
  readonly port: number
  /** `127.0.0.1:PORT` */
  readonly address: string
  readonly tlsPort: number | undefined
  readonly log: string
  /** undefined while it does not run. */
  readonly pid: number | undefined
}

export interface Redis extends AsyncDisposable {
  readonly nodes: readonly RedisNode[]
  readonly addresses: readonly string[]
  /** Whether it is a cluster. */
  readonly cluster: boolean
  /** The certificate to trust, as PEM, and one with its key for clients that show one. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | undefined
  readonly password: string | undefined
  /** SIGKILL unless told; returns when the process has ended, or at once after SIGSTOP and SIGCONT. */
  readonly kill: (node: number, signal?: NodeJS.Signals) => Promise<void>
  /** On the same ports; returns when the node answers, and in a cluster when it finds the cluster whole. */
  readonly restart: (node: number) => Promise<void>
  /** Ends all and deletes the data. */
  readonly stop: () => Promise<void>
}
