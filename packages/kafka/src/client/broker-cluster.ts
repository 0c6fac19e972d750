/** Owns the port of a cluster on real brokers: each request in the client's words, and its answer in ours. */
import type { Api, ClientModule, OffsetCommitAnswer } from './client-module.ts'
import type {
  Cluster,
  CommitAnswer,
  CommittedOffset,
  CommittedPlace,
  FetchRequest,
  FetchedPartition,
  GroupMember,
  JoinAnswer,
  JoinRequest,
  MemberAssignment,
  OffsetAnswer,
  Place,
  ProduceAnswer,
  ProduceBatch,
  ProducerId,
  SyncAnswer,
  TopicMetadata,
  TopicSettings,
  TopicWanted,
} from './cluster.ts'
import { Connections, FETCHES, GROUP, OTHERS, TRANSACTION } from './connections.ts'
import { CODE, refused } from './error-codes.ts'
import { GroupRequests } from './group-requests.ts'
import type { Settings } from './options.ts'
import { byTopic, fetchApi, produceApi } from './requests.ts'

const NO_PRODUCER_ID = -1n
/** What settings are of, in the protocol's numbers. */
const TOPIC = 2

export class BrokerCluster implements Cluster {
  readonly #client: ClientModule
  readonly #connections: Connections
  readonly #groups: GroupRequests
  readonly #fetch: ReturnType<typeof fetchApi>
  readonly #produce: ReturnType<typeof produceApi>

  constructor(client: ClientModule, settings: Settings) {
    this.#client = client
    this.#connections = new Connections(client, settings)
    this.#groups = new GroupRequests(client, this.#connections)
    this.#fetch = fetchApi(client)
    this.#produce = produceApi(client)
  }

  async metadata(topics: readonly string[]): Promise<readonly TopicMetadata[]> {
    const answer = await this.#connections.askAny(this.#client.metadataV12.api, topics, false)
    for (const { nodeId, host, port } of answer.brokers) this.#connections.learn(nodeId, { host, port })
    return answer.topics.map(({ name, errorCode, partitions }) => ({
      topic: name ?? '',
      error: errorCode,
      replicas: partitions[0]?.replicaNodes.length ?? 0,
      partitions: partitions
        .map(({ partitionIndex, leaderId }) => ({ topic: name ?? '', partition: partitionIndex, leader: leaderId }))
        .sort((a, b) => a.partition - b.partition),
    }))
  }

  async createTopic(topic: string, { partitions, replicas, settings }: TopicWanted): Promise<number> {
    const configs = [...settings].map(([name, value]) => ({ name, value }))
    const wanted = { name: topic, numPartitions: partitions, replicationFactor: replicas, assignments: [], configs }
    const { requestTimeoutMs } = this.#connections
    const answer = await this.#connections.askAny(this.#client.createTopicsV7.api, [wanted], requestTimeoutMs, false)
    return answer.topics[0]?.errorCode ?? CODE.none
  }

  async topicSettings(topic: string, names: readonly string[]): Promise<TopicSettings> {
    const resource = { resourceType: TOPIC, resourceName: topic, configurationKeys: names }
    const answer = await this.#connections.askAny(this.#client.describeConfigsV4.api, [resource], false, false)
    const [found] = answer.results
    const settings = new Map((found?.configs ?? []).map(({ name, value }) => [name, value ?? '']))
    return { error: found?.errorCode ?? CODE.none, settings }
  }

  async offsets(node: number, places: readonly Place[], time: bigint, committed: boolean): Promise<OffsetAnswer[]> {
    const topics = [...byTopic(places)].map(([name, list]) => ({
      name,
      partitions: list.map(({ partition }) => ({ partitionIndex: partition, currentLeaderEpoch: -1, timestamp: time })),
    }))
    const answer = await this.#connections.ask(
      node,
      OTHERS,
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
    return this.#connections.ask(node, FETCHES, this.#fetch as Api<never, readonly FetchedPartition[]>, request)
  }

  produce(node: number, batches: readonly ProduceBatch[], transactionalId?: string): Promise<readonly ProduceAnswer[]> {
    return this.#connections.ask(
      node,
      OTHERS,
      this.#produce as Api<never, readonly ProduceAnswer[]>,
      batches,
      this.#connections.requestTimeoutMs,
      transactionalId ?? null,
    )
  }

  async producerId(): Promise<ProducerId> {
    const answer = await this.#connections.askAny(this.#client.initProducerIdV4.api, null, 0, NO_PRODUCER_ID, -1)
    if (answer.errorCode !== CODE.none) throw refused('Getting a producer id', answer.errorCode)
    return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
  }

  async committedOffsets(group: string, places: readonly Place[]): Promise<readonly CommittedOffset[]> {
    const topics = [...byTopic(places)].map(([name, list]) => ({
      name,
      partitionIndexes: list.map(({ partition }) => partition),
    }))
    // Stable: what a transaction is still deciding about is waited for.
    const answer = await this.#connections.askCoordinator(
      GROUP,
      group,
      OTHERS,
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
        error: this.#connections.heed(GROUP, group, errorCode === CODE.none ? (found?.errorCode ?? 0) : errorCode),
      })),
    )
  }

  async commitOffsets(
    { group, generation, member, instance }: GroupMember,
    offsets: readonly CommittedPlace[],
  ): Promise<readonly CommitAnswer[]> {
    const { offsetCommitV8 } = this.#client
    const who = [group, generation, member, instance]
    const topics = toCommit(offsets)
    const answer = await this.#connections.askCoordinator(GROUP, group, OTHERS, offsetCommitV8.api, ...who, topics)
    return this.#committed(group, answer)
  }

  joinGroup(request: JoinRequest): Promise<JoinAnswer> {
    return this.#groups.join(request)
  }

  syncGroup(member: GroupMember, protocol: string, assignments: readonly MemberAssignment[]): Promise<SyncAnswer> {
    return this.#groups.sync(member, protocol, assignments)
  }

  heartbeat(member: GroupMember): Promise<number> {
    return this.#groups.heartbeat(member)
  }

  leaveGroup(member: GroupMember): Promise<number> {
    return this.#groups.leave(member)
  }

  async initTransactions(id: string, timeoutMs: number, current?: ProducerId): Promise<ProducerId> {
    // −1 asks for the producer id that the transactional id has, which is what a restart wants.
    const answer = await this.#connections.askCoordinator(
      TRANSACTION,
      id,
      OTHERS,
      this.#client.initProducerIdV4.api,
      id,
      timeoutMs,
      current?.producerId ?? NO_PRODUCER_ID,
      current?.producerEpoch ?? -1,
    )
    const code = this.#connections.heed(TRANSACTION, id, answer.errorCode)
    if (code !== CODE.none) throw refused(`Beginning transactions as '${id}'`, code)
    return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
  }

  async addPartitions(id: string, producer: ProducerId, places: readonly Place[]): Promise<readonly CommitAnswer[]> {
    const topics = [...byTopic(places)].map(([name, list]) => ({
      name,
      partitions: list.map(({ partition }) => partition),
    }))
    const transaction = { transactionalId: id, ...producer, verifyOnly: false, topics }
    const answer = await this.#connections.askCoordinator(
      TRANSACTION,
      id,
      OTHERS,
      this.#client.addPartitionsToTxnV3.api,
      [transaction],
    )
    return answer.resultsByTransaction.flatMap(({ topicResults }) =>
      topicResults.flatMap(({ name, resultsByPartition }) =>
        resultsByPartition.map(({ partitionIndex, partitionErrorCode }) => ({
          topic: name,
          partition: partitionIndex,
          error: this.#connections.heed(TRANSACTION, id, partitionErrorCode),
        })),
      ),
    )
  }

  async addOffsets(id: string, { producerId, producerEpoch }: ProducerId, group: string): Promise<number> {
    const { addOffsetsToTxnV3 } = this.#client
    const answer = await this.#connections.askCoordinator(
      TRANSACTION,
      id,
      OTHERS,
      addOffsetsToTxnV3.api,
      id,
      producerId,
      producerEpoch,
      group,
    )
    return this.#connections.heed(TRANSACTION, id, answer.errorCode)
  }

  async commitOffsetsIn(
    id: string,
    { producerId, producerEpoch }: ProducerId,
    { group, generation, member, instance }: GroupMember,
    offsets: readonly CommittedPlace[],
  ): Promise<readonly CommitAnswer[]> {
    const { txnOffsetCommitV3 } = this.#client
    const who = [generation, member, instance]
    // This one goes to the coordinator of the group.
    const answer = await this.#connections.askCoordinator(
      GROUP,
      group,
      OTHERS,
      txnOffsetCommitV3.api,
      id,
      group,
      producerId,
      producerEpoch,
      ...who,
      toCommit(offsets),
    )
    return this.#committed(group, answer)
  }

  async endTransaction(id: string, { producerId, producerEpoch }: ProducerId, commit: boolean): Promise<number> {
    const { endTxnV3 } = this.#client
    const answer = await this.#connections.askCoordinator(
      TRANSACTION,
      id,
      OTHERS,
      endTxnV3.api,
      id,
      producerId,
      producerEpoch,
      commit,
    )
    return this.#connections.heed(TRANSACTION, id, answer.errorCode)
  }

  close(): Promise<void> {
    return this.#connections.close()
  }

  #committed(group: string, { topics }: OffsetCommitAnswer): readonly CommitAnswer[] {
    return topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode }) => ({
        topic: name,
        partition: partitionIndex,
        error: this.#connections.heed(GROUP, group, errorCode),
      })),
    )
  }
}

function toCommit(offsets: readonly CommittedPlace[]): readonly object[] {
  return [...byTopic(offsets)].map(([name, list]) => ({
    name,
    partitions: list.map(({ partition, offset, metadata }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: -1,
      committedMetadata: metadata,
    })),
  }))
}
