/** Owns what a running HBase offers to tests, and what can be asked of it. */
import type { InstanceOptions } from '../instance/instance.ts'

/** Thrift2 in frames over TCP, or as the bodies of HTTP requests. A gateway speaks one of them. */
export const hbaseTransports = ['framed', 'http', 'both'] as const
export type HBaseTransport = (typeof hbaseTransports)[number]

export interface HBaseOptions extends InstanceOptions {
  /** `framed` unless told; `both` starts two gateways. Tables with split keys can only be made over HTTP. */
  readonly transport?: HBaseTransport | undefined
}

/** `master` is ZooKeeper, master and region server in one process; the others are the gateways. */
export type HBaseProcess = 'master' | 'framed' | 'http'

export interface HBase extends AsyncDisposable {
  readonly version: string
  /** `127.0.0.1:PORT` of the framed gateway; undefined when there is none. */
  readonly framed: string | undefined
  /** `http://127.0.0.1:PORT/` of the HTTP gateway; undefined when there is none. */
  readonly http: string | undefined
  readonly processes: readonly HBaseProcess[]
  /** undefined while it does not run. */
  readonly pid: (process: HBaseProcess) => number | undefined
  readonly log: (process: HBaseProcess) => string
  /** SIGKILL unless told; returns when the process has ended, or at once after SIGSTOP and SIGCONT. */
  readonly kill: (process: HBaseProcess, signal?: NodeJS.Signals) => Promise<void>
  /** On the same data and ports; returns when a gateway that runs answers again. */
  readonly restart: (process: HBaseProcess) => Promise<void>
  /** Ends all and deletes the data. */
  readonly stop: () => Promise<void>
}
