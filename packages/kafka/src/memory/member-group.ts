/**
 * Owns one group of the twin: its members and generations, as a coordinator of the classic protocol keeps them. Members
 * that fall silent are put out by the clock; a rebalance waits for everybody who may still come.
 *
 * Invariant: there is a generation's assignment only after its leader has said it; whoever asks before waits.
 */
import type { Cancel, Clock } from '@tidemark/core'
import type {
  GroupMember,
  JoinAnswer,
  JoinRequest,
  JoinedMember,
  MemberAssignment,
  SyncAnswer,
} from '../client/cluster.ts'
import { CODE } from '../client/error-codes.ts'
import { wakeAfter } from '../client/retry.ts'

/** empty: nobody; joining: waits for members; syncing: waits for the leader's word; stable: all have their work. */
type State = 'empty' | 'joining' | 'syncing' | 'stable'

const NOTHING = new Uint8Array(0)

class Member {
  request: JoinRequest
  assignment: Uint8Array = NOTHING
  /** Answer the request under way; undefined: none is. */
  joined: ((answer: JoinAnswer) => void) | undefined
  synced: ((answer: SyncAnswer) => void) | undefined
  endSession: Cancel = () => {}

  constructor(request: JoinRequest) {
    this.request = request
  }
}

export class MemberGroup {
  readonly #clock: Clock
  readonly #name: string
  readonly #members: Map<string, Member> = new Map()
  /** Ids of members by their static names. */
  readonly #statics: Map<string, string> = new Map()
  /** Ids that were given out and not used yet. */
  readonly #pending: Set<string> = new Set()
  #state: State = 'empty'
  #generation = 0
  #leader = ''
  #protocol = ''
  #ids = 0
  /** Ends the wait for members that do not come. */
  #endJoining: Cancel = () => {}

  constructor(name: string, clock: Clock) {
    this.#name = name
    this.#clock = clock
  }

  join(request: JoinRequest): Promise<JoinAnswer> {
    const { member: id, instance } = request
    const refuse = (error: number, member = id): Promise<JoinAnswer> =>
      Promise.resolve({ ...this.#answer(member), error, generation: -1, members: [] })
    if (!this.#agrees(request)) return refuse(CODE.inconsistentProtocol)
    const known = instance === null ? undefined : this.#statics.get(instance)
    if (id === '' && instance !== null) return this.#joinStatic(request, known)
    if (id === '') {
      const given = this.#newId()
      this.#pending.add(given)
      return refuse(CODE.memberIdRequired, given)
    }
    if (instance !== null && known !== undefined && known !== id) return refuse(CODE.fencedInstance)
    if (this.#pending.delete(id)) return this.#add(id, request)
    const member = this.#members.get(id)
    if (member === undefined) return refuse(CODE.unknownMember)
    const changed = !sameProtocols(member.request, request)
    member.request = request
    const anew = this.#state === 'joining' || changed || (this.#state === 'stable' && this.#leader === id)
    if (!anew) {
      this.#live(id)
      return Promise.resolve(this.#answer(id))
    }
    return this.#wait(id)
  }

  sync(who: GroupMember, assignments: readonly MemberAssignment[]): Promise<SyncAnswer> {
    const error = this.#check(who)
    if (error !== CODE.none) return Promise.resolve({ error, assignment: NOTHING })
    if (this.#state === 'joining') return Promise.resolve({ error: CODE.rebalanceInProgress, assignment: NOTHING })
    const member = this.#members.get(who.member) as Member
    this.#live(who.member)
    if (this.#state === 'stable') return Promise.resolve({ error: CODE.none, assignment: member.assignment })
    const done = new Promise<SyncAnswer>((resolve) => {
      member.synced?.({ error: CODE.rebalanceInProgress, assignment: NOTHING })
      member.synced = resolve
    })
    if (who.member === this.#leader) {
      const given = new Map(assignments.map((to) => [to.member, to.assignment]))
      this.#state = 'stable'
      for (const [id, other] of this.#members) {
        other.assignment = given.get(id) ?? NOTHING
        this.#live(id)
      }
      this.#answerSyncs(CODE.none)
    }
    return done
  }

  heartbeat(who: GroupMember): number {
    const error = this.#check(who)
    if (error !== CODE.none) return error
    this.#live(who.member)
    return this.#state === 'joining' ? CODE.rebalanceInProgress : CODE.none
  }

  /** A static member may leave by its name alone. */
  leave({ member, instance }: GroupMember): number {
    const id = instance !== null && member === '' ? (this.#statics.get(instance) ?? '') : member
    if (this.#pending.delete(id)) return CODE.none
    if (instance !== null && this.#statics.has(instance) && this.#statics.get(instance) !== id)
      return CODE.fencedInstance
    if (!this.#members.has(id)) return CODE.unknownMember
    this.#remove(id)
    return CODE.none
  }

  /** The error that a commit of this member gets. */
  commits(who: GroupMember, inTransaction: boolean): number {
    const nobody = who.generation < 0 && who.member === '' && who.instance === null
    if (nobody) return inTransaction || this.#state === 'empty' ? CODE.none : CODE.unknownMember
    const error = this.#check(who)
    if (error !== CODE.none || inTransaction) return error
    this.#live(who.member)
    return this.#state === 'syncing' ? CODE.rebalanceInProgress : CODE.none
  }

  #joinStatic(request: JoinRequest, known: string | undefined): Promise<JoinAnswer> {
    const id = this.#newId()
    if (known === undefined) return this.#add(id, request)
    const old = this.#members.get(known) as Member
    const { assignment } = old
    old.joined?.({ ...this.#answer(known), error: CODE.fencedInstance, generation: -1, members: [] })
    old.synced?.({ error: CODE.fencedInstance, assignment: NOTHING })
    old.endSession()
    this.#members.delete(known)
    const member = new Member(request)
    member.assignment = assignment
    this.#members.set(id, member)
    this.#statics.set(request.instance as string, id)
    const led = this.#leader === known
    if (led) this.#leader = id
    this.#live(id)
    if (this.#state !== 'stable' || this.#choose() !== this.#protocol) return this.#wait(id)
    return Promise.resolve({ ...this.#answer(id), skipAssignment: led })
  }

  #add(id: string, request: JoinRequest): Promise<JoinAnswer> {
    this.#members.set(id, new Member(request))
    if (request.instance !== null) this.#statics.set(request.instance, id)
    return this.#wait(id)
  }

  /** Answers when the next generation begins. */
  #wait(id: string): Promise<JoinAnswer> {
    const member = this.#members.get(id) as Member
    const done = new Promise<JoinAnswer>((resolve) => {
      member.joined = resolve
    })
    member.endSession()
    this.#rebalance()
    return done
  }

  #rebalance(): void {
    if (this.#state !== 'joining') {
      this.#state = 'joining'
      this.#answerSyncs(CODE.rebalanceInProgress)
      const timeouts = [...this.#members.values()].map(({ request }) => request.rebalanceTimeoutMs)
      this.#endJoining = wakeAfter(this.#clock, Math.max(0, ...timeouts), () => this.#begin())
    }
    if ([...this.#members.values()].every(({ joined }) => joined !== undefined)) this.#begin()
  }

  /** Begins a generation with those who have come, and static members who may come back. */
  #begin(): void {
    this.#endJoining()
    for (const [id, member] of this.#members)
      if (member.joined === undefined && member.request.instance === null) this.#forget(id)
    const present = [...this.#members].find(([, { joined }]) => joined !== undefined)
    if (present === undefined && this.#members.size > 0) {
      // Only static members are left, none of which is here.
      this.#state = 'stable'
      this.#rebalance()
      return
    }
    this.#state = present === undefined ? 'empty' : 'syncing'
    this.#generation++
    if (present === undefined) return
    this.#protocol = this.#choose()
    if (this.#members.get(this.#leader)?.joined === undefined) this.#leader = present[0]
    const answers = [...this.#members].map(([id, member]) => [id, member, this.#answer(id)] as const)
    for (const [id, member, answer] of answers) {
      this.#live(id)
      member.joined?.(answer)
      member.joined = undefined
    }
  }

  #answer(id: string): JoinAnswer {
    const members = [...this.#members].map(([member, { request }]): JoinedMember => {
      const { metadata = NOTHING } = request.protocols.find(({ name }) => name === this.#protocol) ?? {}
      return { member, instance: request.instance, metadata }
    })
    return {
      error: CODE.none,
      member: id,
      generation: this.#generation,
      protocol: this.#protocol,
      leader: this.#leader,
      skipAssignment: false,
      members: id === this.#leader ? members : [],
    }
  }

  #answerSyncs(error: number): void {
    for (const member of this.#members.values()) {
      member.synced?.({ error, assignment: error === CODE.none ? member.assignment : NOTHING })
      member.synced = undefined
    }
  }

  #check({ member, instance, generation }: GroupMember): number {
    const known = instance === null ? undefined : this.#statics.get(instance)
    if (instance !== null && known === undefined) return CODE.unknownMember
    if (known !== undefined && known !== member) return CODE.fencedInstance
    if (!this.#members.has(member)) return CODE.unknownMember
    return generation === this.#generation ? CODE.none : CODE.illegalGeneration
  }

  /** The member was heard of: its session begins anew. While it waits for a generation it cannot fall silent. */
  #live(id: string): void {
    const member = this.#members.get(id) as Member
    member.endSession()
    member.endSession = wakeAfter(this.#clock, member.request.sessionTimeoutMs, () => this.#remove(id))
  }

  #remove(id: string): void {
    this.#forget(id)
    if (this.#members.size > 0) this.#rebalance()
    else if (this.#state !== 'empty') this.#begin()
  }

  #forget(id: string): void {
    const member = this.#members.get(id)
    if (member === undefined) return
    const { instance } = member.request
    member.endSession()
    member.joined?.({ ...this.#answer(id), error: CODE.unknownMember, generation: -1, members: [] })
    member.synced?.({ error: CODE.unknownMember, assignment: NOTHING })
    this.#members.delete(id)
    if (instance !== null) this.#statics.delete(instance)
  }

  /** The first protocol of some member that all have. */
  #choose(): string {
    const [first, ...others] = [...this.#members.values()].map(({ request }) => request.protocols)
    const shared = first?.find(({ name }) => others.every((other) => other.some((protocol) => protocol.name === name)))
    return shared?.name ?? ''
  }

  #agrees({ protocols, member }: JoinRequest): boolean {
    const others = [...this.#members].filter(([id]) => id !== member)
    return protocols.some(({ name }) =>
      others.every(([, { request }]) => request.protocols.some((protocol) => protocol.name === name)),
    )
  }

  #newId(): string {
    return `${this.#name}-member-${this.#ids++}`
  }
}

function sameProtocols(a: JoinRequest, b: JoinRequest): boolean {
  return (
    a.protocols.length === b.protocols.length &&
    a.protocols.every(({ name, metadata }, i) => {
      const other = b.protocols[i]
      return other?.name === name && Buffer.compare(metadata, other.metadata) === 0
    })
  )
}
