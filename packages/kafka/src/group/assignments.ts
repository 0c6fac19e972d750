/** Owns the leader's part: what every member gets, by what they have and how many partitions there are. */
import type { Cluster, JoinAnswer, MemberAssignment } from '../client/cluster.ts'
import type { Patience } from '../client/retry.ts'
import { topicsOf } from '../source/start-positions.ts'
import { assignTasks } from './assign-tasks.ts'
import { decodeSubscription, encodeAssignment } from './consumer-protocol.ts'
import { otherTopics } from './errors.ts'

interface Reading extends Patience {
  readonly group: string
  readonly topics: readonly string[]
}

/** How many partitions each topic has. */
async function countPartitions(cluster: Cluster, reading: Reading): Promise<ReadonlyMap<string, number>> {
  const topics = await topicsOf(cluster, reading.topics, reading)
  return new Map(topics.map(({ topic, partitions }) => [topic, partitions.length]))
}

/** @throws KAFKA_GROUP_TOPICS, KAFKA_GROUP_PROTOCOL, or what asking for the topics throws */
export async function assignments(
  cluster: Cluster,
  { members }: JoinAnswer,
  reading: Reading,
): Promise<readonly MemberAssignment[]> {
  const wanted = [...reading.topics].sort().join()
  const claims = members.map(({ member, instance, metadata }) => {
    const { topics, tasks, generation } = decodeSubscription(metadata)
    if ([...topics].sort().join() !== wanted) throw otherTopics(reading.group, reading.topics, topics)
    return { member, name: instance ?? member, tasks, generation }
  })
  const counts = await countPartitions(cluster, reading)
  // A task for each partition number that any topic has.
  const of = Math.max(0, ...counts.values())
  const given = assignTasks(of, claims)
  return claims.map(({ member, tasks: had }) => {
    const tasks = given.get(member) ?? []
    const joinAgain = had.some((task) => !tasks.includes(task))
    return { member, assignment: encodeAssignment({ tasks, of, joinAgain }, counts) }
  })
}
