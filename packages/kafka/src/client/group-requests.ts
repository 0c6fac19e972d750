/** Owns the requests of a member of a group to the broker that coordinates it (JoinGroup 9, SyncGroup 5, …). */
import type { ClientModule } from './client-module.ts'
import type { GroupMember, JoinAnswer, JoinRequest, MemberAssignment, SyncAnswer } from './cluster.ts'
import { type Connections, GROUP, type Lane, OTHERS } from './connections.ts'

const PROTOCOL_TYPE = 'consumer'
/** What the coordinator may need beyond the time that it waits for the other members. */
const ANSWER_TIME_MS = 5_000
/** Answered when all members have come: what else is asked of the same broker must not stand behind it. */
const JOINS = 'join'

export class GroupRequests {
  readonly #client: ClientModule
  readonly #connections: Connections

  constructor(client: ClientModule, connections: Connections) {
    this.#client = client
    this.#connections = connections
  }

  async join(request: JoinRequest): Promise<JoinAnswer> {
    const { group, member, instance, sessionTimeoutMs, rebalanceTimeoutMs, protocols } = request
    const lane: Lane = {
      name: JOINS,
      requestTimeoutMs: Math.max(this.#connections.requestTimeoutMs, rebalanceTimeoutMs + ANSWER_TIME_MS),
    }
    const answer = await this.#connections.askCoordinator(
      GROUP,
      group,
      lane,
      this.#client.joinGroupV9.api,
      group,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      member,
      instance,
      PROTOCOL_TYPE,
      protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
      null,
    )
    return {
      error: this.#connections.heed(GROUP, group, answer.errorCode),
      member: answer.memberId,
      generation: answer.generationId,
      protocol: answer.protocolName ?? '',
      leader: answer.leader,
      skipAssignment: answer.skipAssignment,
      members: answer.members.map(({ memberId, groupInstanceId, metadata }) => ({
        member: memberId,
        instance: groupInstanceId ?? null,
        metadata,
      })),
    }
  }

  async sync(
    { group, generation, member, instance }: GroupMember,
    protocol: string,
    assignments: readonly MemberAssignment[],
  ): Promise<SyncAnswer> {
    const answer = await this.#connections.askCoordinator(
      GROUP,
      group,
      { name: JOINS },
      this.#client.syncGroupV5.api,
      group,
      generation,
      member,
      instance,
      PROTOCOL_TYPE,
      protocol,
      assignments.map((to) => ({ memberId: to.member, assignment: Buffer.from(to.assignment) })),
    )
    return { error: this.#connections.heed(GROUP, group, answer.errorCode), assignment: answer.assignment }
  }

  async heartbeat({ group, generation, member, instance }: GroupMember): Promise<number> {
    const { heartbeatV4 } = this.#client
    const who = [group, generation, member, instance]
    const answer = await this.#connections.askCoordinator(GROUP, group, OTHERS, heartbeatV4.api, ...who)
    return this.#connections.heed(GROUP, group, answer.errorCode)
  }

  async leave({ group, member, instance }: GroupMember): Promise<number> {
    const members = [{ memberId: member, groupInstanceId: instance, reason: null }]
    const { leaveGroupV5 } = this.#client
    const answer = await this.#connections.askCoordinator(GROUP, group, OTHERS, leaveGroupV5.api, group, members)
    return this.#connections.heed(GROUP, group, answer.errorCode || (answer.members[0]?.errorCode ?? 0))
  }
}
