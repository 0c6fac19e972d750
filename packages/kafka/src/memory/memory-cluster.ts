/** Owns one user's connection to the twin: the port of a cluster on the logs in memory. */
import { StreamError } from '@tidemark/core'
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
} from '../client/cluster.ts'
import { CODE, refused } from '../client/error-codes.ts'
import { pause } from '../client/retry.ts'
import { BatchWalk } from '../wire/batch-walk.ts'
import type { MemoryBrokers } from './memory-brokers.ts'
import type { RequestKind } from './memory-kafka.ts'
import type { KeptOffset } from './transactions.ts'

const HEADS_ONLY = { maxDecompressedBytes: 0, checksums: false }
/** What topics are set to where nobody says otherwise. */
const DEFAULTS: ReadonlyMap<string, string> = new Map([['cleanup.policy', 'delete']])
const same = (error: number): number => error

export class MemoryCluster implements Cluster {
  readonly #brokers: MemoryBrokers
  readonly #waits: Set<() => void> = new Set()
  #closed = false

  constructor(brokers: MemoryBrokers) {
    this.#brokers = brokers
  }

  async metadata(topics: readonly string[]): Promise<readonly TopicMetadata[]> {
    await this.#turn('metadata', 0)
    return topics.map((topic) => {
      const partitions = this.#brokers.places(topic)
      const replicas = this.#brokers.replicas.get(topic) ?? 1
      return { topic, partitions, replicas, error: partitions.length === 0 ? CODE.unknownTopicOrPartition : CODE.none }
    })
  }

  async createTopic(topic: string, { partitions, replicas, settings }: TopicWanted): Promise<number> {
    return this.#change(
      'createTopic',
      0,
      () => {
        if (this.#brokers.topics.has(topic)) return CODE.topicExists
        this.#brokers.create(topic, partitions, settings)
        this.#brokers.replicas.set(topic, replicas)
        return CODE.none
      },
      same,
    )
  }

  async topicSettings(topic: string, names: readonly string[]): Promise<TopicSettings> {
    const interrupted = await this.#turn('topicSettings', 0)
    const known = this.#brokers.settings.get(topic) ?? new Map<string, string>()
    const settings = new Map(names.map((name) => [name, known.get(name) ?? DEFAULTS.get(name) ?? '']))
    return { error: typeof interrupted === 'number' ? interrupted : CODE.none, settings }
  }

  async offsets(
    node: number,
    places: readonly Place[],
    time: bigint,
    committed: boolean,
  ): Promise<readonly OffsetAnswer[]> {
    const interrupted = await this.#turn('offsets', node)
    return places.map(({ topic, partition }) => {
      const log = this.#brokers.log({ topic, partition })
      const error = typeof interrupted === 'number' ? interrupted : this.#check(node, { topic, partition })
      const offset = error === CODE.none && log !== undefined ? this.#brokers.offsetAt(log, time, committed) : -1n
      return { topic, partition, error, offset }
    })
  }

  async fetch(node: number, request: FetchRequest): Promise<readonly FetchedPartition[]> {
    const interrupted = await this.#turn('fetch', node)
    const wait = pause(this.#brokers.clock, request.maxWaitMs)
    let over = false
    void wait.over.then(() => {
      over = true
      this.#brokers.changed()
    })
    this.#waits.add(wait.wake)
    try {
      for (;;) {
        const answers = this.#read(node, request, interrupted)
        const news = answers.some(({ error, records }) => error !== CODE.none || records.length > 0)
        if (news || over || this.#closed) return answers
        await new Promise<void>((resolve) => this.#brokers.waits.add(resolve))
      }
    } finally {
      this.#waits.delete(wait.wake)
      wait.wake()
    }
  }

  async produce(node: number, batches: readonly ProduceBatch[]): Promise<readonly ProduceAnswer[]> {
    // As a socket does: what the caller does with its buffer afterwards is not written.
    const sent = batches.map((batch) => ({ ...batch, records: new Uint8Array(batch.records) }))
    return this.#change(
      'produce',
      node,
      () =>
        sent.map(({ topic, partition, records }): ProduceAnswer => {
          const log = this.#brokers.log({ topic, partition })
          let error = this.#check(node, { topic, partition })
          const walk = new BatchWalk(records, HEADS_ONLY)
          walk.next()
          const { producerId, producerEpoch, isTransactional } = walk
          const { transactions } = this.#brokers
          if (error === CODE.none)
            error = transactions.check({ topic, partition }, producerId, producerEpoch, isTransactional)
          if (error !== CODE.none || log === undefined) return { topic, partition, error, baseOffset: -1n }
          return { topic, partition, ...log.append(records) }
        }),
      (error) => sent.map(({ topic, partition }) => ({ topic, partition, error, baseOffset: -1n })),
    )
  }

  async producerId(): Promise<ProducerId> {
    return this.#change(
      'producerId',
      0,
      () => ({ producerId: this.#brokers.nextProducerId(), producerEpoch: 0 }),
      (error) => {
        throw refused('Getting a producer id', error)
      },
    )
  }

  async committedOffsets(group: string, places: readonly Place[]): Promise<readonly CommittedOffset[]> {
    const interrupted = await this.#turn('committedOffsets', 0)
    const known = this.#brokers.groups.get(group)
    return places.map(({ topic, partition }) => {
      const { offset = -1n, metadata = '' } = known?.get(`${topic}/${partition}`) ?? {}
      const unstable = this.#brokers.transactions.isUnstable(group, { topic, partition })
      const error = typeof interrupted === 'number' ? interrupted : unstable ? CODE.unstableOffset : CODE.none
      return { topic, partition, error, offset: error === CODE.none ? offset : -1n, metadata }
    })
  }

  async commitOffsets(member: GroupMember, offsets: readonly CommittedPlace[]): Promise<readonly CommitAnswer[]> {
    const { group } = member
    const answer = (error: number): CommitAnswer[] =>
      offsets.map(({ topic, partition }) => ({ topic, partition, error }))
    return this.#change(
      'commitOffsets',
      0,
      () => {
        const error = this.#brokers.members(group).commits(member, false)
        const known = this.#brokers.groups.get(group) ?? new Map<string, KeptOffset>()
        this.#brokers.groups.set(group, known)
        for (const { topic, partition, offset, metadata } of error === CODE.none ? offsets : [])
          known.set(`${topic}/${partition}`, { offset, metadata })
        return answer(error)
      },
      answer,
    )
  }

  async joinGroup(request: JoinRequest): Promise<JoinAnswer> {
    const { group, member } = request
    const nothing = { member, generation: -1, protocol: '', leader: '', skipAssignment: false, members: [] }
    return this.#wait(
      'joinGroup',
      () => this.#brokers.members(group).join(request),
      (error) => ({ ...nothing, error }),
    )
  }

  async syncGroup(
    member: GroupMember,
    _protocol: string,
    assignments: readonly MemberAssignment[],
  ): Promise<SyncAnswer> {
    return this.#wait(
      'syncGroup',
      () => this.#brokers.members(member.group).sync(member, assignments),
      (error) => ({ error, assignment: new Uint8Array(0) }),
    )
  }

  async heartbeat(member: GroupMember): Promise<number> {
    return this.#change('heartbeat', 0, () => this.#brokers.members(member.group).heartbeat(member), same)
  }

  async leaveGroup(member: GroupMember): Promise<number> {
    return this.#change('leaveGroup', 0, () => this.#brokers.members(member.group).leave(member), same)
  }

  async initTransactions(id: string, timeoutMs: number, current?: ProducerId): Promise<ProducerId> {
    return this.#change(
      'initTransactions',
      0,
      () => this.#brokers.transactions.init(id, timeoutMs, current, () => this.#brokers.nextProducerId()),
      (error) => {
        throw refused(`Beginning transactions as '${id}'`, error)
      },
    )
  }

  async addPartitions(id: string, producer: ProducerId, places: readonly Place[]): Promise<readonly CommitAnswer[]> {
    const answer = (error: number): CommitAnswer[] =>
      places.map(({ topic, partition }) => ({ topic, partition, error }))
    return this.#change('addPartitions', 0, () => answer(this.#brokers.transactions.add(id, producer, places)), answer)
  }

  async addOffsets(id: string, producer: ProducerId, group: string): Promise<number> {
    return this.#change('addOffsets', 0, () => this.#brokers.transactions.add(id, producer, [], group), same)
  }

  async commitOffsetsIn(
    id: string,
    producer: ProducerId,
    member: GroupMember,
    offsets: readonly CommittedPlace[],
  ): Promise<readonly CommitAnswer[]> {
    const answer = (error: number): CommitAnswer[] =>
      offsets.map(({ topic, partition }) => ({ topic, partition, error }))
    const { group } = member
    return this.#change(
      'commitOffsetsIn',
      0,
      () => {
        const error = this.#brokers.members(group).commits(member, true)
        if (error !== CODE.none) return answer(error)
        return answer(this.#brokers.transactions.commitOffsets(id, producer, group, offsets))
      },
      answer,
    )
  }

  async endTransaction(id: string, producer: ProducerId, commit: boolean): Promise<number> {
    return this.#change('endTransaction', 0, () => this.#brokers.transactions.end(id, producer, commit), same)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const wake of this.#waits) wake()
    this.#brokers.changed()
  }

  /** Requests are answered in a turn of their own, and may be interrupted. */
  async #turn(request: RequestKind, node: number): Promise<number | 'after' | undefined> {
    await Promise.resolve()
    if (this.#closed) throw new StreamError('KAFKA_CLOSED', 'The connection to memoryKafka was closed.')
    if (this.#brokers.transactions.expire()) this.#brokers.changed()
    return this.#brokers.interrupt?.(request, node) ?? undefined
  }

  /** Does a request that changes something, unless it was interrupted before; its answer may be lost. */
  async #change<A>(request: RequestKind, node: number, done: () => A, refuse: (error: number) => A): Promise<A> {
    const interrupted = await this.#turn(request, node)
    if (typeof interrupted === 'number') return refuse(interrupted)
    const answer = done()
    this.#brokers.changed()
    if (interrupted === 'after') throw unanswered()
    return answer
  }

  /** Does a request whose answer waits for others; nobody hears it once the connection is closed. */
  async #wait<A>(request: RequestKind, done: () => Promise<A>, refuse: (error: number) => A): Promise<A> {
    const interrupted = await this.#turn(request, 0)
    if (typeof interrupted === 'number') return refuse(interrupted)
    let hangUp = (): void => {}
    const hungUp = new Promise<undefined>((resolve) => {
      hangUp = () => resolve(undefined)
    })
    this.#waits.add(hangUp)
    const answer = await Promise.race([done(), hungUp])
    this.#waits.delete(hangUp)
    if (answer === undefined || interrupted === 'after') throw unanswered()
    return answer
  }

  #check(node: number, place: Place): number {
    if (this.#brokers.log(place) === undefined) return CODE.unknownTopicOrPartition
    return this.#brokers.leader(place) === node ? CODE.none : CODE.notLeader
  }

  #read(node: number, request: FetchRequest, interrupted: unknown): readonly FetchedPartition[] {
    let left = request.maxBytes
    let whole = true
    return request.places.map(({ topic, partition, offset }) => {
      const log = this.#brokers.log({ topic, partition })
      const error = typeof interrupted === 'number' ? interrupted : this.#check(node, { topic, partition })
      if (error !== CODE.none || log === undefined) {
        return { topic, partition, error, end: -1n, stableEnd: -1n, aborted: [], records: new Uint8Array(0) }
      }
      const read = log.read(offset, Math.min(left, request.maxPartitionBytes), request.committed, whole)
      if (read.records.length > 0) whole = false
      left = Math.max(0, left - read.records.length)
      return { topic, partition, end: log.end, stableEnd: log.stableEnd, ...read }
    })
  }
}

function unanswered(): StreamError {
  return new StreamError('KAFKA_UNREACHABLE', 'memoryKafka did not answer.', { retryable: true })
}
