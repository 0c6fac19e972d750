/**
 * Owns the connections to real brokers: which there are, who answers for what, and the words for what goes wrong. It
 * makes no second attempts: whoever calls decides about those.
 */
import { StreamError } from '@tidemark/core'
import type { Api, ClientModule, WireConnection } from './client-module.ts'
import type {
  Cluster,
  CommitAnswer,
  CommittedOffset,
  CommittedPlace,
  FetchPlace,
  FetchRequest,
  FetchedPartition,
  GroupMember,
  OffsetAnswer,
  Place,
  ProduceAnswer,
  ProduceBatch,
  ProducerId,
  TopicMetadata,
} from './cluster.ts'
import { CODE, refused } from './error-codes.ts'
import type { Address, Settings } from './options.ts'
import { byTopic, fetchApi, produceApi } from './requests.ts'

/** A fetch that waits for records would hold up everything behind it on its connection. */
type Lane = 'fetch' | 'other'

const NO_PRODUCER_ID = -1n

/** What a coordinator is for, in the protocol's numbers. */
type CoordinatorKind = 0 | 1
const GROUP: CoordinatorKind = 0
const TRANSACTION: CoordinatorKind = 1

export class BrokerCluster implements Cluster {
  readonly #client: ClientModule
  readonly #settings: Settings
  readonly #nodes: Map<number, Address> = new Map()
  readonly #connections: Map<string, Promise<WireConnection>> = new Map()
  readonly #coordinators: Map<string, Address> = new Map()
  readonly #fetch: ReturnType<typeof fetchApi>
  readonly #produce: ReturnType<typeof produceApi>
  #closed = false

  constructor(client: ClientModule, settings: Settings) {
    this.#client = client
    this.#settings = settings
    this.#fetch = fetchApi(client)
    this.#produce = produceApi(client)
  }

  async metadata(topics: readonly string[]): Promise<readonly TopicMetadata[]> {
    const answer = await this.#askAny(this.#client.metadataV12.api, topics, false)
    for (const { nodeId, host, port } of answer.brokers) this.#nodes.set(nodeId, { host, port })
    return answer.topics.map(({ name, errorCode, partitions }) => ({
      topic: name ?? '',
      error: errorCode,
      partitions: partitions
        .map(({ partitionIndex, leaderId }) => ({ topic: name ?? '', partition: partitionIndex, leader: leaderId }))
        .sort((a, b) => a.partition - b.partition),
    }))
  }

  async offsets(node: number, places: readonly Place[], time: bigint, committed: boolean): Promise<OffsetAnswer[]> {
    const topics = [...byTopic(places)].map(([name, list]) => ({
      name,
      partitions: list.map(({ partition }) => ({ partitionIndex: partition, currentLeaderEpoch: -1, timestamp: time })),
    }))
    const answer = await this.#ask(
      this.#address(node),
      'other',
      this.#client.listOffsetsV7.api,
      -1,
      committed ? 1 : 0,
      topics,
    )
    return answer.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode, offset }) => ({
        topic: name,
        partition: partitionIndex,
        error: errorCode,
        offset,
      })),
    )
  }

  fetch(node: number, request: FetchRequest): Promise<readonly FetchedPartition[]> {
    return this.#ask(this.#address(node), 'fetch', this.#fetch as Api<never, readonly FetchedPartition[]>, request)
  }

  produce(node: number, batches: readonly ProduceBatch[], transactionalId?: string): Promise<readonly ProduceAnswer[]> {
    const { requestTimeout } = this.#settings.connection
    return this.#ask(
      this.#address(node),
      'other',
      this.#produce as Api<never, readonly ProduceAnswer[]>,
      batches,
      requestTimeout,
      transactionalId ?? null,
    )
  }

  async producerId(): Promise<ProducerId> {
    const answer = await this.#askAny(this.#client.initProducerIdV4.api, null, 0, NO_PRODUCER_ID, -1)
    if (answer.errorCode !== CODE.none) throw refused('Getting a producer id', answer.errorCode)
    return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
  }

  async committedOffsets(group: string, places: readonly Place[]): Promise<readonly CommittedOffset[]> {
    const topics = [...byTopic(places)].map(([name, list]) => ({
      name,
      partitionIndexes: list.map(({ partition }) => partition),
    }))
    // Stable: what a transaction is still deciding about is waited for.
    const answer = await this.#askCoordinator(
      GROUP,
      group,
      this.#client.offsetFetchV8.api,
      [{ groupId: group, memberEpoch: -1, topics }],
      true,
    )
    const [found] = answer.groups
    return (found?.topics ?? []).flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, committedOffset, metadata, errorCode }) => ({
        topic: name,
        partition: partitionIndex,
        offset: committedOffset,
        metadata: metadata ?? '',
        error: this.#coordinatorError(GROUP, group, errorCode === CODE.none ? (found?.errorCode ?? 0) : errorCode),
      })),
    )
  }

  async commitOffsets(group: string, places: readonly FetchPlace[]): Promise<readonly CommitAnswer[]> {
    const topics = [...byTopic(places)].map(([name, list]) => ({
      name,
      partitions: list.map(({ partition, offset }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: -1,
        committedMetadata: null,
      })),
    }))
    const answer = await this.#askCoordinator(
      GROUP,
      group,
      this.#client.offsetCommitV8.api,
      group,
      -1,
      '',
      null,
      topics,
    )
    return answer.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode }) => ({
        topic: name,
        partition: partitionIndex,
        error: this.#coordinatorError(GROUP, group, errorCode),
      })),
    )
  }

  async initTransactions(id: string, timeoutMs: number, current?: ProducerId): Promise<ProducerId> {
    // −1 asks for the producer id that the transactional id has, which is what a restart wants.
    const answer = await this.#askCoordinator(
      TRANSACTION,
      id,
      this.#client.initProducerIdV4.api,
      id,
      timeoutMs,
      current?.producerId ?? NO_PRODUCER_ID,
      current?.producerEpoch ?? -1,
    )
    const code = this.#coordinatorError(TRANSACTION, id, answer.errorCode)
    if (code !== CODE.none) throw refused(`Beginning transactions as '${id}'`, code)
    return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
  }

  async addPartitions(id: string, producer: ProducerId, places: readonly Place[]): Promise<readonly CommitAnswer[]> {
    const topics = [...byTopic(places)].map(([name, list]) => ({
      name,
      partitions: list.map(({ partition }) => partition),
    }))
    const transaction = { transactionalId: id, ...producer, verifyOnly: false, topics }
    const answer = await this.#askCoordinator(TRANSACTION, id, this.#client.addPartitionsToTxnV3.api, [transaction])
    return answer.resultsByTransaction.flatMap(({ topicResults }) =>
      topicResults.flatMap(({ name, resultsByPartition }) =>
        resultsByPartition.map(({ partitionIndex, partitionErrorCode }) => ({
          topic: name,
          partition: partitionIndex,
          error: this.#coordinatorError(TRANSACTION, id, partitionErrorCode),
        })),
      ),
    )
  }

  async addOffsets(id: string, { producerId, producerEpoch }: ProducerId, group: string): Promise<number> {
    const { addOffsetsToTxnV3 } = this.#client
    const answer = await this.#askCoordinator(
      TRANSACTION,
      id,
      addOffsetsToTxnV3.api,
      id,
      producerId,
      producerEpoch,
      group,
    )
    return this.#coordinatorError(TRANSACTION, id, answer.errorCode)
  }

  async commitOffsetsIn(
    id: string,
    { producerId, producerEpoch }: ProducerId,
    { group, generation, member, instance }: GroupMember,
    offsets: readonly CommittedPlace[],
  ): Promise<readonly CommitAnswer[]> {
    const topics = [...byTopic(offsets)].map(([name, list]) => ({
      name,
      partitions: list.map(({ partition, offset, metadata }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: -1,
        committedMetadata: metadata,
      })),
    }))
    const { txnOffsetCommitV3 } = this.#client
    const who = [generation, member, instance]
    // This one goes to the coordinator of the group.
    const answer = await this.#askCoordinator(
      GROUP,
      group,
      txnOffsetCommitV3.api,
      id,
      group,
      producerId,
      producerEpoch,
      ...who,
      topics,
    )
    return answer.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode }) => ({
        topic: name,
        partition: partitionIndex,
        error: this.#coordinatorError(GROUP, group, errorCode),
      })),
    )
  }

  async endTransaction(id: string, { producerId, producerEpoch }: ProducerId, commit: boolean): Promise<number> {
    const { endTxnV3 } = this.#client
    const answer = await this.#askCoordinator(TRANSACTION, id, endTxnV3.api, id, producerId, producerEpoch, commit)
    return this.#coordinatorError(TRANSACTION, id, answer.errorCode)
  }

  async close(): Promise<void> {
    this.#closed = true
    const connections = [...this.#connections.values()]
    this.#connections.clear()
    await Promise.allSettled(connections.map(async (connection) => (await connection).close()))
  }

  /** A coordinator that is none any more is looked for again next time. */
  #coordinatorError(kind: CoordinatorKind, key: string, code: number): number {
    if (code === CODE.notCoordinator || code === CODE.coordinatorNotAvailable)
      this.#coordinators.delete(`${kind} ${key}`)
    return code
  }

  #address(node: number): Address {
    const address = this.#nodes.get(node)
    if (address !== undefined) return address
    throw new StreamError('KAFKA_UNREACHABLE', `Node ${node} of the cluster is not known yet.`, { retryable: true })
  }

  async #askCoordinator<A>(
    kind: CoordinatorKind,
    key: string,
    api: Api<never, A>,
    ...args: readonly unknown[]
  ): Promise<A> {
    const id = `${kind} ${key}`
    let address = this.#coordinators.get(id)
    if (address === undefined) {
      const { coordinators } = await this.#askAny(this.#client.findCoordinatorV4.api, kind, [key])
      const [found] = coordinators
      if (found === undefined || found.errorCode !== CODE.none) {
        const what = kind === GROUP ? 'group' : 'transactional id'
        throw refused(`Finding the coordinator of ${what} '${key}'`, found?.errorCode ?? CODE.coordinatorNotAvailable)
      }
      address = { host: found.host, port: found.port }
      this.#coordinators.set(id, address)
    }
    try {
      return await this.#ask(address, 'other', api, ...args)
    } catch (error) {
      this.#coordinators.delete(id)
      throw error
    }
  }

  /** Asks the brokers in turn, known ones first, until one answers. */
  async #askAny<A>(api: Api<never, A>, ...args: readonly unknown[]): Promise<A> {
    const reasons = new Set<string>()
    for (const address of [...this.#nodes.values(), ...this.#settings.brokers]) {
      try {
        return await this.#ask(address, 'other', api, ...args)
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

  async #ask<A>(address: Address, lane: Lane, api: Api<never, A>, ...args: readonly unknown[]): Promise<A> {
    const id = `${lane} ${address.host} ${address.port}`
    const connecting = this.#connections.get(id) ?? this.#open(id, address)
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

  #open(id: string, address: Address): Promise<WireConnection> {
    const { clientId, connection: settings } = this.#settings
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
