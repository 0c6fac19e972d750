/** Owns what the connections to a twin share: logs, leaders, groups, and who waits for records. */
import type { Clock } from '@tidemark/core'
import { EARLIEST, LATEST, type PartitionLeader, type Place } from '../client/cluster.ts'
import type { MemoryKafka } from './memory-kafka.ts'
import { MemberGroup } from './member-group.ts'
import { PartitionLog } from './partition-log.ts'
import { type Groups, Transactions } from './transactions.ts'

export class MemoryBrokers {
  readonly clock: Clock
  readonly nodes: number
  readonly topics: Map<string, PartitionLog[]> = new Map()
  /** Of topics that were made with any. */
  readonly settings: Map<string, ReadonlyMap<string, string>> = new Map()
  /** What whoever made a topic asked for: there is one copy of everything here. */
  readonly replicas: Map<string, number> = new Map()
  readonly leaders: Map<string, number> = new Map()
  /** Committed offsets. */
  readonly groups: Groups = new Map()
  readonly #members: Map<string, MemberGroup> = new Map()
  readonly transactions: Transactions = new Transactions(
    (place) => this.log(place),
    this.groups,
    () => this.clock.now(),
  )
  /** Fetches that wait for records. */
  readonly waits: Set<() => void> = new Set()
  interrupt: MemoryKafka['interrupt']
  #producers = 0n

  constructor(clock: Clock, nodes: number) {
    this.clock = clock
    this.nodes = nodes
  }

  /** The members of a group. */
  members(group: string): MemberGroup {
    const known = this.#members.get(group) ?? new MemberGroup(group, this.clock)
    this.#members.set(group, known)
    return known
  }

  nextProducerId(): bigint {
    return this.#producers++
  }

  /** Makes a topic, or gives one more partitions. */
  create(topic: string, partitions: number, settings: ReadonlyMap<string, string> = new Map()): void {
    const logs = this.topics.get(topic) ?? []
    while (logs.length < partitions) logs.push(new PartitionLog())
    this.topics.set(topic, logs)
    if (settings.size > 0) this.settings.set(topic, settings)
    this.changed()
  }

  log({ topic, partition }: Place): PartitionLog | undefined {
    return this.topics.get(topic)?.[partition]
  }

  leader({ topic, partition }: Place): number {
    return this.leaders.get(`${topic}/${partition}`) ?? (partition % this.nodes) + 1
  }

  places(topic: string): readonly PartitionLeader[] {
    const logs = this.topics.get(topic) ?? []
    return logs.map((_, partition) => ({ topic, partition, leader: this.leader({ topic, partition }) }))
  }

  /** Records were added: whoever waits looks again. */
  changed(): void {
    const waits = [...this.waits]
    this.waits.clear()
    for (const go of waits) go()
  }

  offsetAt(log: PartitionLog, time: bigint, committed: boolean): bigint {
    if (time === EARLIEST) return log.start
    if (time === LATEST) return committed ? log.stableEnd : log.end
    return log.offsetAt(Number(time))
  }
}
