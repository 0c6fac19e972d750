// What a cluster promises the members of a group, whichever it is.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type {
  Cluster,
  CommittedPlace,
  GroupMember,
  JoinAnswer,
  JoinRequest,
  ProducerId,
} from '../src/client/cluster.ts'
import { CODE, refused } from '../src/client/error-codes.ts'
import { pause, persist } from '../src/client/retry.ts'
import { decodeSubscription, encodeSubscription } from '../src/group/consumer-protocol.ts'
import { openPatience, topicsOf } from '../src/source/start-positions.ts'
import type { Stage } from './stage.ts'

const SESSION_MS = 1_500
const protocol = 'shared'
/** Brokers of 3.9 read what consumers say, and do not stand any bytes. */
const metadataOf = (text: string): Uint8Array => encodeSubscription({ topics: [text], tasks: [], generation: -1 })
const saidIn = (metadata: Uint8Array): string | undefined => decodeSubscription(metadata).topics[0]
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

/** One who knows the requests and sends them one by one. */
class Caller {
  readonly cluster: Cluster
  readonly group: string
  readonly instance: string | null
  member = ''
  generation = -1
  leads = false

  constructor(cluster: Cluster, group: string, instance: string | null = null) {
    this.cluster = cluster
    this.group = group
    this.instance = instance
  }

  get who(): GroupMember {
    const { group, generation, member, instance } = this
    return { group, generation, member, instance }
  }

  async join(metadata = '', more: Partial<JoinRequest> = {}): Promise<JoinAnswer> {
    const { group, member, instance } = this
    const answer = await this.cluster.joinGroup({
      group,
      member,
      instance,
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: 10_000,
      protocols: [{ name: protocol, metadata: metadataOf(metadata) }],
      ...more,
    })
    if (answer.error === CODE.memberIdRequired) {
      this.member = answer.member
      return this.join(metadata, more)
    }
    if (answer.error !== CODE.none) return answer
    this.member = answer.member
    this.generation = answer.generation
    this.leads = answer.leader === answer.member
    return answer
  }

  async sync(assignments: Record<string, string> = {}): Promise<string> {
    const { error, assignment } = await this.cluster.syncGroup(
      this.who,
      protocol,
      Object.entries(assignments).map(([member, text]) => ({ member, assignment: Buffer.from(text) })),
    )
    return error === CODE.none ? textOf(assignment) : `error ${error}`
  }

  heartbeat(): Promise<number> {
    return this.cluster.heartbeat(this.who)
  }
}

export function groupContract(name: string, open: () => Promise<Stage>): void {
  describe(`groups on ${name}`, () => {
    let stage: Stage
    let topic: string
    let groups = 0
    const clusters: Cluster[] = []
    const settings = (): { clock: Stage['clock']; patienceMs: number } => ({ clock: stage.clock, patienceMs: 30_000 })
    beforeAll(async () => {
      stage = await open()
      topic = await stage.topic(1)
      const cluster = await stage.kafka.connect()
      await topicsOf(cluster, [topic], settings())
      // The first group of a cluster waits for its topic of offsets.
      await persist(openPatience(settings()), async () => {
        const caller = new Caller(cluster, 'first')
        const { error } = await caller.join()
        if (error !== CODE.none) throw refused('joining', error)
        await cluster.leaveGroup(caller.who)
      })
      await cluster.close()
    })
    afterEach(async () => {
      for (const cluster of clusters.splice(0)) await cluster.close()
    })
    afterAll(() => stage.close())

    const newGroup = (): string => `group-${process.pid}-${Date.now()}-${groups++}`
    const caller = async (group: string, instance: string | null = null): Promise<Caller> => {
      const cluster = await stage.kafka.connect()
      clusters.push(cluster)
      return new Caller(cluster, group, instance)
    }
    const wait = (ms: number): Promise<void> => pause(stage.clock, ms).over
    /** Heartbeats until the answer comes. */
    const until = async (member: Caller, wanted: number): Promise<void> => {
      for (let left = 100; left > 0; left--) {
        const answer = await member.heartbeat()
        if (answer === wanted) return
        expect([CODE.none, wanted]).toContain(answer)
        await wait(50)
      }
      expect.unreachable(`no heartbeat was answered by ${wanted}`)
    }
    /** All join, those who are in it when they are asked to, and get `work-` with their place in the list. */
    const together = async (members: readonly Caller[], newcomer?: Caller): Promise<void> => {
      const all = newcomer === undefined ? members : [...members, newcomer]
      const coming = newcomer?.join('newcomer')
      if (coming !== undefined) await Promise.all(members.map((member) => until(member, CODE.rebalanceInProgress)))
      await Promise.all([...members.map((member) => member.join(`was in ${member.generation}`)), coming])
      const given = Object.fromEntries(all.map(({ member }, i) => [member, `work-${i}`]))
      const work = await Promise.all(all.map((member) => member.sync(member.leads ? given : {})))
      expect(work).toEqual(all.map((_, i) => `work-${i}`))
    }
    /** A group of so many members, all in its last generation. */
    const formed = async (group: string, count: number, instances: readonly string[] = []): Promise<Caller[]> => {
      const members: Caller[] = []
      for (let i = 0; i < count; i++) {
        const newcomer = await caller(group, instances[i] ?? null)
        await together(members, newcomer)
        members.push(newcomer)
      }
      return members
    }
    const offset = (at: bigint): CommittedPlace => ({ topic, partition: 0, offset: at, metadata: `W${at}` })
    const commit = async (cluster: Cluster, who: GroupMember, at = 1n): Promise<number> =>
      (await cluster.commitOffsets(who, [offset(at)]))[0]?.error ?? -1
    const transaction = async (cluster: Cluster, group: string): Promise<[string, ProducerId]> => {
      const id = `${group}-transactions`
      const producer = await persist(openPatience(settings()), () => cluster.initTransactions(id, 60_000))
      expect(await cluster.addOffsets(id, producer, group)).toBe(CODE.none)
      return [id, producer]
    }

    test('one alone leads and gets what it says', async () => {
      const one = await caller(newGroup())
      const answer = await one.join('hello')
      expect(answer).toMatchObject({ error: CODE.none, protocol, leader: one.member, skipAssignment: false })
      expect(answer.members.map(({ member, instance, metadata }) => [member, instance, saidIn(metadata)])).toEqual([
        [one.member, null, 'hello'],
      ])
      expect(await one.sync({ [one.member]: 'all' })).toBe('all')
      expect(await one.heartbeat()).toBe(CODE.none)
    })

    test('a newcomer makes the others join again, and only the leader is told who there is', async () => {
      const group = newGroup()
      const [one] = (await formed(group, 1)) as [Caller]
      const before = one.generation
      const two = await caller(group)
      const joining = two.join('two')
      await until(one, CODE.rebalanceInProgress)
      const answers = await Promise.all([one.join('one'), joining])
      expect(answers.map(({ generation }) => generation)).toEqual([before + 1, before + 1])
      expect(answers.filter(({ members }) => members.length > 0)).toHaveLength(1)
      const [leader, other] = one.leads ? [one, two] : [two, one]
      const seen = answers.find(({ members }) => members.length > 0)?.members ?? []
      expect(new Set(seen.map(({ metadata }) => saidIn(metadata)))).toEqual(new Set(['one', 'two']))
      // Nobody is told before the leader has spoken.
      let told = false
      const telling = other.sync().then((work) => {
        told = true
        return work
      })
      expect(await leader.heartbeat()).toBe(CODE.none)
      expect(told).toBe(false)
      expect(await leader.sync({ [leader.member]: 'a', [other.member]: 'b' })).toBe('a')
      expect(await telling).toBe('b')
      expect(await other.sync()).toBe('b')
    })

    test('a stale generation is refused everywhere', async () => {
      const group = newGroup()
      const [one] = (await formed(group, 2)) as [Caller]
      const stale = { ...one.who, generation: one.generation - 1 }
      const { cluster } = one
      expect(await cluster.heartbeat(stale)).toBe(CODE.illegalGeneration)
      expect((await cluster.syncGroup(stale, protocol, [])).error).toBe(CODE.illegalGeneration)
      expect(await commit(cluster, stale)).toBe(CODE.illegalGeneration)
      const [id, producer] = await transaction(cluster, group)
      const [answer] = await cluster.commitOffsetsIn(id, producer, stale, [offset(1n)])
      expect(answer?.error).toBe(CODE.illegalGeneration)
      expect((await cluster.commitOffsetsIn(id, producer, one.who, [offset(2n)]))[0]?.error).toBe(CODE.none)
      expect(await cluster.endTransaction(id, producer, true)).toBe(CODE.none)
    })

    test('one that nobody knows is refused everywhere', async () => {
      const group = newGroup()
      const [one] = (await formed(group, 1)) as [Caller]
      const { cluster } = one
      const stranger = { ...one.who, member: 'stranger' }
      expect(await cluster.heartbeat(stranger)).toBe(CODE.unknownMember)
      expect((await cluster.syncGroup(stranger, protocol, [])).error).toBe(CODE.unknownMember)
      expect(await commit(cluster, stranger)).toBe(CODE.unknownMember)
      expect(await cluster.leaveGroup(stranger)).toBe(CODE.unknownMember)
      const other = await caller(group)
      other.member = 'stranger'
      expect((await other.join()).error).toBe(CODE.unknownMember)
      const [id, producer] = await transaction(cluster, group)
      const [answer] = await cluster.commitOffsetsIn(id, producer, stranger, [offset(1n)])
      expect(answer?.error).toBe(CODE.unknownMember)
    })

    test('who has no members commits as nobody, and not while there are some', async () => {
      const group = newGroup()
      const one = await caller(group)
      const nobody = { group, generation: -1, member: '', instance: null }
      expect(await commit(one.cluster, nobody, 3n)).toBe(CODE.none)
      await together([one])
      expect(await commit(one.cluster, nobody, 4n)).toBe(CODE.unknownMember)
      expect(await commit(one.cluster, one.who, 5n)).toBe(CODE.none)
      expect(await one.cluster.committedOffsets(group, [{ topic, partition: 0 }])).toMatchObject([
        { offset: 5n, metadata: 'W5', error: CODE.none },
      ])
    })

    test('a static member that comes back takes its place at once, and the one before it is fenced', async () => {
      const group = newGroup()
      const [one, two] = (await formed(group, 2, ['a', 'b'])) as [Caller, Caller]
      const again = await caller(group, 'b')
      expect(await again.join('anew')).toMatchObject({ error: CODE.none, generation: two.generation })
      expect(again.member).not.toBe(two.member)
      expect(await again.sync()).toBe('work-1')
      expect(await one.heartbeat()).toBe(CODE.none)
      expect(await two.heartbeat()).toBe(CODE.fencedInstance)
      expect(await two.sync()).toBe(`error ${CODE.fencedInstance}`)
      expect(await commit(two.cluster, two.who)).toBe(CODE.fencedInstance)
      expect((await two.join()).error).toBe(CODE.fencedInstance)
      const [id, producer] = await transaction(one.cluster, group)
      const [answer] = await two.cluster.commitOffsetsIn(id, producer, two.who, [offset(1n)])
      expect(answer?.error).toBe(CODE.fencedInstance)
    })

    test('a static leader that comes back is told that what it had assigned holds', async () => {
      const group = newGroup()
      const members = await formed(group, 2, ['a', 'b'])
      const place = members.findIndex(({ leads }) => leads)
      const again = await caller(group, ['a', 'b'][place] ?? null)
      expect(await again.join('anew')).toMatchObject({ skipAssignment: true, generation: members[0]?.generation })
      expect(await again.sync()).toBe(`work-${place}`)
    })

    test('a silent member is put out, and the others join again without it', async () => {
      const group = newGroup()
      const [one, silent] = (await formed(group, 2)) as [Caller, Caller]
      await until(one, CODE.rebalanceInProgress)
      expect(await silent.heartbeat()).toBe(CODE.unknownMember)
      expect(await commit(silent.cluster, silent.who)).toBe(CODE.unknownMember)
      await together([one])
    })

    test('a member that does not join again in time is left out', async () => {
      const group = newGroup()
      const one = await caller(group)
      const short = { rebalanceTimeoutMs: 1_000 }
      await one.join('one', short)
      await one.sync({ [one.member]: 'all' })
      const two = await caller(group)
      let over = false
      const joining = two.join('two', short).then((answer) => {
        over = true
        return answer
      })
      while (!over) {
        await one.heartbeat()
        await wait(50)
      }
      expect((await joining).members).toHaveLength(1)
      expect(await one.heartbeat()).toBe(CODE.unknownMember)
    })

    test('one that leaves makes the others join again at once', async () => {
      const group = newGroup()
      const [one, two] = (await formed(group, 2)) as [Caller, Caller]
      expect(await two.cluster.leaveGroup(two.who)).toBe(CODE.none)
      expect(await one.heartbeat()).toBe(CODE.rebalanceInProgress)
      expect(await two.heartbeat()).toBe(CODE.unknownMember)
    })

    test('one that shares out work in another way is refused', async () => {
      const group = newGroup()
      await formed(group, 1)
      const other = await caller(group)
      const protocols = [{ name: 'range', metadata: metadataOf('') }]
      expect((await other.join('', { protocols })).error).toBe(CODE.inconsistentProtocol)
    })

    test('an offset that a transaction is about to move is not told before it is decided', async () => {
      const group = newGroup()
      const [one] = (await formed(group, 1)) as [Caller]
      const { cluster } = one
      expect(await commit(cluster, one.who, 1n)).toBe(CODE.none)
      for (const commits of [true, false]) {
        const [id, producer] = await transaction(cluster, group)
        await cluster.commitOffsetsIn(id, producer, one.who, [offset(commits ? 2n : 3n)])
        const asked = async (): Promise<unknown> => (await cluster.committedOffsets(group, [offset(0n)]))[0]
        expect(await asked()).toMatchObject({ error: CODE.unstableOffset })
        expect(await cluster.endTransaction(id, producer, commits)).toBe(CODE.none)
        const answer = await persist(openPatience(settings()), async () => {
          const [found] = await cluster.committedOffsets(group, [offset(0n)])
          return found?.error === CODE.unstableOffset ? wait(20).then(asked) : found
        })
        expect(answer).toMatchObject({ error: CODE.none, offset: 2n, metadata: 'W2' })
      }
    })
  })
}
