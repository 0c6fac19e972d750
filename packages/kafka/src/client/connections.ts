/**
 * Owns the connections to real brokers: which there are, who coordinates what, and the words for what goes wrong. It
 * makes no second attempts: whoever calls decides about those.
 */
import { StreamError } from '@tidemark/core'
import type { Api, ClientModule, WireConnection } from './client-module.ts'
import { CODE, refused } from './error-codes.ts'
import type { Address, Settings } from './options.ts'

/** A request that waits holds up everything behind it on its connection, so such ones have connections of their own. */
export interface Lane {
  readonly name: string
  /** How long an answer may take, where that is longer than for others; read when the connection is opened. */
  readonly requestTimeoutMs?: number
}

export const FETCHES: Lane = { name: 'fetch' }
export const OTHERS: Lane = { name: 'other' }

/** What a coordinator is for, in the protocol's numbers. */
export type CoordinatorKind = 0 | 1
export const GROUP: CoordinatorKind = 0
export const TRANSACTION: CoordinatorKind = 1

export class Connections {
  readonly #client: ClientModule
  readonly #settings: Settings
  readonly #nodes: Map<number, Address> = new Map()
  readonly #connections: Map<string, Promise<WireConnection>> = new Map()
  readonly #coordinators: Map<string, Address> = new Map()
  #closed = false

  constructor(client: ClientModule, settings: Settings) {
    this.#client = client
    this.#settings = settings
  }

  get requestTimeoutMs(): number {
    return this.#settings.connection.requestTimeout
  }

  /** Where a node is found from now on. */
  learn(node: number, address: Address): void {
    this.#nodes.set(node, address)
  }

  async ask<A>(node: number, lane: Lane, api: Api<never, A>, ...args: readonly unknown[]): Promise<A> {
    const address = this.#nodes.get(node)
    if (address !== undefined) return this.#ask(address, lane, api, ...args)
    throw new StreamError('KAFKA_UNREACHABLE', `Node ${node} of the cluster is not known yet.`, { retryable: true })
  }

  /** Asks the brokers in turn, known ones first, until one answers. */
  async askAny<A>(api: Api<never, A>, ...args: readonly unknown[]): Promise<A> {
    const reasons = new Set<string>()
    for (const address of [...this.#nodes.values(), ...this.#settings.brokers]) {
      try {
        return await this.#ask(address, OTHERS, api, ...args)
      } catch (error) {
        if (!(error instanceof StreamError) || !error.retryable) throw error
        reasons.add(error.message)
      }
    }
    throw new StreamError(
      'KAFKA_UNREACHABLE',
      `Kafka: found no broker that answers, expected one of those given or learned. Check the addresses, that the cluster runs, and whether it wants tls or sasl.\n${[...reasons].map((reason) => `  ${reason}`).join('\n')}`,
      { retryable: true },
    )
  }

  async askCoordinator<A>(
    kind: CoordinatorKind,
    key: string,
    lane: Lane,
    api: Api<never, A>,
    ...args: readonly unknown[]
  ): Promise<A> {
    const id = `${kind} ${key}`
    let address = this.#coordinators.get(id)
    if (address === undefined) {
      const { coordinators } = await this.askAny(this.#client.findCoordinatorV4.api, kind, [key])
      const [found] = coordinators
      if (found === undefined || found.errorCode !== CODE.none) {
        const what = kind === GROUP ? 'group' : 'transactional id'
        throw refused(`Finding the coordinator of ${what} '${key}'`, found?.errorCode ?? CODE.coordinatorNotAvailable)
      }
      address = { host: found.host, port: found.port }
      this.#coordinators.set(id, address)
    }
    try {
      return await this.#ask(address, lane, api, ...args)
    } catch (error) {
      this.#coordinators.delete(id)
      throw error
    }
  }

  /** Takes note of a coordinator's answer: one that is none any more is looked for again next time. */
  heed(kind: CoordinatorKind, key: string, code: number): number {
    if (code === CODE.notCoordinator || code === CODE.coordinatorNotAvailable)
      this.#coordinators.delete(`${kind} ${key}`)
    return code
  }

  async close(): Promise<void> {
    this.#closed = true
    const connections = [...this.#connections.values()]
    this.#connections.clear()
    await Promise.allSettled(connections.map(async (connection) => (await connection).close()))
  }

  async #ask<A>(address: Address, lane: Lane, api: Api<never, A>, ...args: readonly unknown[]): Promise<A> {
    const id = `${lane.name} ${address.host} ${address.port}`
    const connecting = this.#connections.get(id) ?? this.#open(id, address, lane)
    const connection = await connecting
    try {
      return await api.async(connection as never, ...(args as never))
    } catch (cause) {
      const { code, response } = cause as { readonly code?: unknown; readonly response?: A }
      // The client throws for any error code inside; here they are part of the answer.
      if (code === 'PLT_KFK_RESPONSE' && response !== undefined) return response
      // A connection that has missed an answer does not recover.
      if (this.#connections.get(id) === connecting) this.#connections.delete(id)
      void connection.close().catch(() => {})
      throw lost(address, cause)
    }
  }

  #open(id: string, address: Address, lane: Lane): Promise<WireConnection> {
    const { clientId, connection } = this.#settings
    const settings = { ...connection, requestTimeout: lane.requestTimeoutMs ?? connection.requestTimeout }
    const connect = async (): Promise<WireConnection> => {
      if (this.#closed) throw new StreamError('KAFKA_CLOSED', 'The connections to Kafka were closed.')
      const connection = new this.#client.Connection(clientId, settings as never)
      // Errors come by the promises of the requests; an event without a listener would end the process.
      connection.on('error', () => {})
      try {
        await connection.connect(address.host, address.port)
      } catch (cause) {
        throw lost(address, cause)
      }
      return connection
    }
    const connecting = connect()
    this.#connections.set(id, connecting)
    connecting.catch(() => {
      if (this.#connections.get(id) === connecting) this.#connections.delete(id)
    })
    return connecting
  }
}

/** What went wrong, in words only: the client's errors may hold what it was configured with. */
function lost({ host, port }: Address, cause: unknown): StreamError {
  if (cause instanceof StreamError) return cause
  const messages: string[] = []
  let denied = false
  for (let at: unknown = cause; at instanceof Error && messages.length < 5; at = at.cause) {
    denied ||= (at as { readonly code?: unknown }).code === 'PLT_KFK_AUTHENTICATION'
    messages.push(at.message)
    for (const inner of at instanceof AggregateError ? (at.errors as readonly unknown[]) : []) {
      if (inner instanceof Error) messages.push(inner.message)
    }
  }
  const text = messages.join(' ← ') || String(cause)
  if (denied) {
    return new StreamError(
      'KAFKA_LOGIN',
      `Logging in at ${host}:${port}: found a refusal (${text}), expected to be let in. Check mechanism, user name and password in sasl.`,
      { cause: new Error(text) },
    )
  }
  return new StreamError('KAFKA_UNREACHABLE', `${host}:${port} did not answer: ${text}`, {
    retryable: true,
    cause: new Error(text),
  })
}
