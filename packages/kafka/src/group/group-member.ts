/**
 * Owns one membership in a group: joins, says that it lives, and tells which tasks it has. A task is the partitions of
 * one number of all topics. Tasks that stay are not disturbed when others come and go (incremental rebalancing).
 *
 * Invariants: a task is nobody else's before `revoking` has resolved or this member is out, and what is committed by
 * `commit` is committed by its owner or not at all: who is out has a generation that the coordinator refuses. So a member
 * keeps its tasks while the coordinator is away. No commit is under way while the member changes generations.
 */
import { type Clock, StreamError } from '@tidemark/core'
import type { Cluster, GroupMember as Identity, JoinAnswer } from '../client/cluster.ts'
import { CODE, refused } from '../client/error-codes.ts'
import { type Patience, Trouble, pause } from '../client/retry.ts'
import { assignments } from './assignments.ts'
import { type Assignment, PROTOCOL, decodeAssignment, encodeSubscription } from './consumer-protocol.ts'
import { fencedInstance, notOwner } from './errors.ts'

export interface GroupSettings extends Patience {
  readonly clock: Clock
  readonly group: string
  /** A name that outlives restarts: whoever joins under it has the tasks of the one before, who is fenced. */
  readonly instance: string | undefined
  /** All members of a group read the same. */
  readonly topics: readonly string[]
  /** A member that the coordinator does not hear of for so long is out. */
  readonly sessionTimeoutMs: number
  /** How long the others wait for a member that finishes with tasks. */
  readonly rebalanceTimeoutMs: number
  readonly heartbeatMs: number
}

/** Told in the turn in which it is so. */
export interface GroupEvents {
  /** These tasks are this member's from now on: read from what was committed. */
  assigned(tasks: readonly number[]): void
  /**
   * These tasks are to go to others, who wait: read no more of them, commit, then resolve. A rejection, or more time
   * than the group gives, counts as loss.
   */
  revoking(tasks: readonly number[]): Promise<void>
  /** These tasks may be somebody else's already: nothing of them that is not committed may be. */
  lost(tasks: readonly number[]): void
  /** The member is out for good; its tasks were lost before. */
  failed(error: unknown): void
}

export class GroupMember {
  readonly #cluster: Cluster
  readonly #settings: GroupSettings
  readonly #events: GroupEvents
  readonly #trouble: Trouble
  #member = ''
  /** −1: in none. */
  #generation = -1
  #leads = false
  /** How many tasks were shared out. */
  #of = 0
  #tasks: readonly number[] = []
  /** How often tasks were lost. */
  #losses = 0
  /** Commits under way. */
  readonly #commits: Set<Promise<unknown>> = new Set()
  /** There while the member changes generations; resolves then. */
  #changing: Promise<void> | undefined
  #release: () => void = () => {}
  #joinAgain = false
  #wake: () => void = () => {}
  #failure: unknown
  #closed = false

  private constructor(cluster: Cluster, settings: GroupSettings, events: GroupEvents) {
    this.#cluster = cluster
    this.#settings = settings
    this.#events = events
    this.#trouble = new Trouble(settings)
  }

  /** Resolves when the member is in a generation and `assigned` was told what it has in it, which may be nothing yet. */
  static async join(cluster: Cluster, settings: GroupSettings, events: GroupEvents): Promise<GroupMember> {
    const member = new GroupMember(cluster, settings, events)
    await new Promise<void>((resolve, reject) => {
      void member.#run(resolve).catch(reject)
    })
    return member
  }

  get tasks(): readonly number[] {
    return this.#tasks
  }

  /** Who commits now. @throws KAFKA_NOT_OWNER while the member is in no generation */
  identity(): Identity {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#generation < 0) throw notOwner(this.#settings.group)
    return this.#who
  }

  /**
   * Commits as a member: `work` is called when no rebalance is under way, and none is entered before it has ended.
   * @throws KAFKA_NOT_OWNER where tasks were lost since the call; `work` is not called then
   */
  async commit<T>(work: (who: Identity) => Promise<T>): Promise<T> {
    const losses = this.#losses
    while (this.#changing !== undefined) await this.#changing
    if (this.#failure === undefined && (losses !== this.#losses || this.#closed)) throw notOwner(this.#settings.group)
    const running = work(this.identity())
    this.#commits.add(running)
    try {
      return await running
    } finally {
      this.#commits.delete(running)
    }
  }

  /** How many tasks there are now: where that is more than was shared out, the leader sees to it. */
  tasksSeen(count: number): void {
    if (this.#leads && count > this.#of) this.#askToJoin()
  }

  /** Asks the coordinator now, not when it is time to, whether it is a member still. */
  askNow(): void {
    this.#wake()
  }

  /** Leaves the group, unless the member has a static name: that one's tasks wait for it until its session is over. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#wake()
    this.#release()
    if (this.#settings.instance !== undefined || this.#member === '') return
    // Whether or not the coordinator hears it: a session ends by itself.
    await this.#cluster.leaveGroup(this.#who).catch(() => {})
  }

  get #who(): Identity {
    const { group, instance = null } = this.#settings
    return { group, generation: this.#generation, member: this.#member, instance }
  }

  async #run(joined: () => void): Promise<void> {
    let first = true
    try {
      for (;;) {
        const { before } = await this.#enter()
        if (this.#closed) return
        if (first) joined()
        first = false
        await this.#stay(before)
        if (this.#closed) return
      }
    } catch (error) {
      if (this.#closed) return
      this.#failure = error
      this.#lose()
      void this.close()
      if (first) throw error
      this.#events.failed(error)
    }
  }

  /** Joins until it is in a generation; `before` is what has to be finished before the next one. */
  async #enter(): Promise<{ readonly before: Promise<void> }> {
    this.#hold()
    try {
      for (;;) {
        this.#joinAgain = false
        const claimed = this.#tasks
        const assignment = await this.#tryToJoin()
        if (this.#closed) return { before: Promise.resolve() }
        if (assignment !== undefined) return { before: this.#take(assignment, claimed) }
      }
    } finally {
      this.#release()
    }
  }

  /** Commits wait from here until the member is in its next generation. */
  #hold(): void {
    this.#changing ??= new Promise((resolve) => {
      this.#release = () => {
        this.#changing = undefined
        resolve()
      }
    })
  }

  async #tryToJoin(): Promise<Assignment | undefined> {
    try {
      const answer = await this.#joinOnce()
      if (this.#closed || answer === undefined) return undefined
      const { member, generation, leader } = answer
      this.#generation = generation
      this.#leads = leader === member
      const list = this.#leads && !answer.skipAssignment ? await assignments(this.#cluster, answer, this.#settings) : []
      const { error, assignment } = await this.#cluster.syncGroup(this.#who, answer.protocol, list)
      if (error !== CODE.none) {
        await this.#heed(error, 'Asking for tasks in')
        return undefined
      }
      this.#trouble.clear()
      return decodeAssignment(assignment)
    } catch (error) {
      await this.#rest(error)
      return undefined
    }
  }

  async #joinOnce(): Promise<JoinAnswer | undefined> {
    const { group, instance = null, topics, sessionTimeoutMs, rebalanceTimeoutMs } = this.#settings
    const metadata = encodeSubscription({ topics, tasks: this.#tasks, generation: this.#generation })
    const answer = await this.#cluster.joinGroup({
      group,
      member: this.#member,
      instance,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      protocols: [{ name: PROTOCOL, metadata }],
    })
    if (answer.error === CODE.none || answer.error === CODE.memberIdRequired) this.#member = answer.member
    if (answer.error === CODE.memberIdRequired || this.#closed) return undefined
    if (answer.error === CODE.none) return answer
    await this.#heed(answer.error, 'Joining')
    return undefined
  }

  /** Tells what has changed. */
  #take({ tasks, of, joinAgain }: Assignment, claimed: readonly number[]): Promise<void> {
    const before = this.#tasks
    const going = before.filter((task) => !tasks.includes(task))
    const coming = tasks.filter((task) => !before.includes(task))
    this.#of = of
    this.#tasks = [...before, ...coming].sort((a, b) => a - b)
    // Others may have what was claimed when this member has joined without it.
    this.#joinAgain ||= joinAgain || claimed.some((task) => !tasks.includes(task))
    const barrier = going.length > 0 ? this.#revoke(going) : Promise.resolve()
    if (coming.length > 0) this.#events.assigned(coming)
    return barrier
  }

  async #revoke(tasks: readonly number[]): Promise<void> {
    const losses = this.#losses
    const done = this.#events.revoking(tasks).then(
      () => true,
      () => false,
    )
    const inTime = await this.#atMost(this.#barrierMs, done)
    if (losses !== this.#losses) return
    if (inTime === true) this.#tasks = this.#tasks.filter((task) => !tasks.includes(task))
    else this.#lose(tasks)
  }

  /** Stays in its generation until it has to join again, and nothing is under way that has to be finished before. */
  async #stay(before: Promise<void>): Promise<void> {
    let finished = false
    void before.then(() => {
      finished = true
      this.#wake()
    })
    await this.#liveUntil(() => this.#joinAgain && (finished || this.#generation < 0))
    this.#hold()
    let settled = false
    void this.#atMost(this.#barrierMs, Promise.allSettled(this.#commits)).then(() => {
      settled = true
      this.#wake()
    })
    await this.#liveUntil(() => settled || this.#generation < 0)
  }

  /** Says from time to time that it lives. */
  async #liveUntil(over: () => boolean): Promise<void> {
    while (!this.#closed && !over()) {
      await this.#nap(this.#settings.heartbeatMs)
      if (this.#closed || over()) return
      await this.#heartbeat()
    }
  }

  async #heartbeat(): Promise<void> {
    try {
      const error = await this.#cluster.heartbeat(this.#who)
      if (error === CODE.none || error === CODE.rebalanceInProgress) {
        this.#trouble.clear()
        this.#joinAgain ||= error === CODE.rebalanceInProgress
      } else await this.#heed(error, 'Staying in')
    } catch (error) {
      await this.#rest(error)
    }
  }

  /** What an answer means for the membership. */
  async #heed(error: number, what: string): Promise<void> {
    const { group, instance } = this.#settings
    if (error === CODE.fencedInstance) throw fencedInstance(group, instance ?? '')
    const refusal = refused(`${what} group '${group}'`, error)
    const unknown = error === CODE.unknownMember
    if (!unknown && error !== CODE.illegalGeneration) {
      await this.#rest(refusal)
      return
    }
    this.#lose()
    if (unknown) this.#member = ''
    // A member that is put out again and again is given up with patience.
    await this.#rest(new StreamError(refusal.code, refusal.message, { retryable: true }))
  }

  /** Waits after a failure that may pass. @throws what does not, or when patience is over */
  async #rest(failure: unknown): Promise<void> {
    if (this.#closed) return
    await this.#nap(this.#trouble.next(failure))
  }

  /** Without tasks named: all, and the place in the generation with them. */
  #lose(tasks: readonly number[] = this.#tasks): void {
    if (tasks === this.#tasks) {
      this.#generation = -1
      this.#joinAgain = true
    }
    if (tasks.length === 0) return
    this.#losses++
    this.#tasks = this.#tasks.filter((task) => !tasks.includes(task))
    this.#events.lost(tasks)
  }

  #askToJoin(): void {
    this.#joinAgain = true
    this.#wake()
  }

  get #barrierMs(): number {
    const { sessionTimeoutMs, rebalanceTimeoutMs } = this.#settings
    return Math.min(sessionTimeoutMs, rebalanceTimeoutMs)
  }

  async #atMost<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
    const { over, wake } = pause(this.#settings.clock, ms)
    const done = await Promise.race([work, over.then(() => undefined)])
    wake()
    return done
  }

  async #nap(ms: number): Promise<void> {
    const { over, wake } = pause(this.#settings.clock, ms)
    this.#wake = wake
    await over
  }
}
