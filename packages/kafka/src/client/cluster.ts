/**
 * Owns the port to a Kafka cluster: the requests that sources and sinks make, whoever answers them (brokers, or the twin
 * in memory). What a broker says about one partition is an error code in the answer; a call throws only when nobody
 * answered, or refused all of it: a StreamError, `retryable` where the same call may succeed later.
 */
import type { AbortedTransaction } from '../fetch/committed-filter.ts'

/** Where topics are: what `kafka` and `memoryKafka` make. A description; every job makes connections of its own. */
export interface Kafka {
  readonly kind: string
  readonly connect: () => Promise<Cluster>
}

export interface Place {
  readonly topic: string
  readonly partition: number
}

export interface PartitionLeader extends Place {
  /** The node that answers for it; −1: none at the moment. */
  readonly leader: number
}

/** A topic that cannot be used has an error code and no partitions. */
export interface TopicMetadata {
  readonly topic: string
  readonly error: number
  readonly partitions: readonly PartitionLeader[]
  /** How many nodes keep each partition. */
  readonly replicas: number
}

export interface TopicWanted {
  readonly partitions: number
  readonly replicas: number
  readonly settings: ReadonlyMap<string, string>
}

/** Times with a meaning of their own. */
export const LATEST = -1n
export const EARLIEST = -2n

export interface OffsetAnswer extends Place {
  readonly error: number
  /** −1: no record is that late. */
  readonly offset: bigint
}

export interface FetchPlace extends Place {
  readonly offset: bigint
}

export interface FetchRequest {
  /** Only what committed transactions wrote. */
  readonly committed: boolean
  readonly maxWaitMs: number
  readonly maxBytes: number
  readonly maxPartitionBytes: number
  /** The first place that has anything gets a whole batch, however large. */
  readonly places: readonly FetchPlace[]
}

export interface FetchedPartition extends Place {
  readonly error: number
  /** Offset of the first record that is not decided yet. */
  readonly stableEnd: bigint
  readonly end: bigint
  readonly aborted: readonly AbortedTransaction[]
  /** Record batches; the last one may be cut off. */
  readonly records: Uint8Array
}

export interface ProduceBatch extends Place {
  readonly records: Uint8Array
}

export interface ProduceAnswer extends Place {
  readonly error: number
  readonly baseOffset: bigint
}

export interface ProducerId {
  readonly producerId: bigint
  readonly producerEpoch: number
}

export interface CommittedOffset extends Place {
  readonly error: number
  /** −1: nothing was committed. */
  readonly offset: bigint
  readonly metadata: string
}

export interface CommitAnswer extends Place {
  readonly error: number
}

/** An offset to commit, with what is kept beside it. */
export interface CommittedPlace extends FetchPlace {
  readonly metadata: string
}

/** Who of a group commits; a group without members has generation −1 and no member id. */
export interface GroupMember {
  readonly group: string
  readonly generation: number
  readonly member: string
  readonly instance: string | null
}

/** What a member says when it asks to be in the next generation of its group. */
export interface JoinRequest {
  readonly group: string
  /** Empty the first time. */
  readonly member: string
  /** A name that outlives restarts (static membership), or null. */
  readonly instance: string | null
  /** A member that is not heard of for so long is out. */
  readonly sessionTimeoutMs: number
  /** How long the group waits for its members to join again. */
  readonly rebalanceTimeoutMs: number
  /** Ways to share out the work, best first, and what the leader is to know for each. */
  readonly protocols: readonly { readonly name: string; readonly metadata: Uint8Array }[]
}

export interface JoinedMember {
  readonly member: string
  readonly instance: string | null
  readonly metadata: Uint8Array
}

export interface JoinAnswer {
  readonly error: number
  /** The member's id, also with MEMBER_ID_REQUIRED. */
  readonly member: string
  readonly generation: number
  readonly protocol: string
  readonly leader: string
  /** The leader is back under its static name: what was assigned holds. */
  readonly skipAssignment: boolean
  /** For the leader only. */
  readonly members: readonly JoinedMember[]
}

export interface MemberAssignment {
  readonly member: string
  readonly assignment: Uint8Array
}

export interface SyncAnswer {
  readonly error: number
  readonly assignment: Uint8Array
}

/** What a topic is set to; a topic that cannot be asked has an error code. */
export interface TopicSettings {
  readonly error: number
  /** By name, those that were asked for. */
  readonly settings: ReadonlyMap<string, string>
}

/** One user's connections to a cluster. */
export interface Cluster {
  metadata(topics: readonly string[]): Promise<readonly TopicMetadata[]>
  /** Makes a topic with as many replicas as the brokers do by default; gives an error code, also where it exists. */
  createTopic(topic: string, wanted: TopicWanted): Promise<number>
  topicSettings(topic: string, names: readonly string[]): Promise<TopicSettings>
  /** Offsets by time: of the first record that is not earlier, or LATEST, or EARLIEST. */
  offsets(node: number, places: readonly Place[], time: bigint, committed: boolean): Promise<readonly OffsetAnswer[]>
  fetch(node: number, request: FetchRequest): Promise<readonly FetchedPartition[]>
  /** Resolves when all in-sync replicas have the batches, in the transaction that is named if there is one. */
  produce(node: number, batches: readonly ProduceBatch[], transactionalId?: string): Promise<readonly ProduceAnswer[]>
  /** A new producer id for idempotent writing. */
  producerId(): Promise<ProducerId>
  /** A place whose offset an open transaction is about to move has the error UNSTABLE_OFFSET_COMMIT. */
  committedOffsets(group: string, places: readonly Place[]): Promise<readonly CommittedOffset[]>
  commitOffsets(member: GroupMember, offsets: readonly CommittedPlace[]): Promise<readonly CommitAnswer[]>
  /** Resolves when all members have come, or those that have not are left out. */
  joinGroup(request: JoinRequest): Promise<JoinAnswer>
  /** Resolves when the leader has said who gets what; the leader says it with `assignments`. */
  syncGroup(member: GroupMember, protocol: string, assignments: readonly MemberAssignment[]): Promise<SyncAnswer>
  /** Says that the member lives; gives an error code: REBALANCE_IN_PROGRESS asks it to join again. */
  heartbeat(member: GroupMember): Promise<number>
  /** Gives an error code. */
  leaveGroup(member: GroupMember): Promise<number>
  /**
   * A producer for a transactional id: whoever had it before is fenced, and what that one left open is aborted. With
   * `current` only that producer gets a new epoch; anybody else is refused.
   */
  initTransactions(id: string, timeoutMs: number, current?: ProducerId): Promise<ProducerId>
  /** These partitions are written to in the transaction: to be said before the first batch of each. */
  addPartitions(id: string, producer: ProducerId, places: readonly Place[]): Promise<readonly CommitAnswer[]>
  /** Offsets of this group are committed in the transaction; gives an error code. */
  addOffsets(id: string, producer: ProducerId, group: string): Promise<number>
  commitOffsetsIn(
    id: string,
    producer: ProducerId,
    member: GroupMember,
    offsets: readonly CommittedPlace[],
  ): Promise<readonly CommitAnswer[]>
  /** Decides the transaction; gives an error code. The same decision may be sent again. */
  endTransaction(id: string, producer: ProducerId, commit: boolean): Promise<number>
  close(): Promise<void>
}
