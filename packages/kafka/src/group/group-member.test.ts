import { StreamError } from '@tidemark/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eventClock } from '../../test/event-clock.ts'
import { Ledger } from '../../test/member-contract.ts'
import type { Cluster } from '../client/cluster.ts'
import { CODE } from '../client/error-codes.ts'
import { pause } from '../client/retry.ts'
import { type MemoryKafka, type RequestKind, memoryKafka } from '../memory/memory-kafka.ts'
import { GroupMember, type GroupEvents, type GroupSettings } from './group-member.ts'

const away = (): never => {
  throw new StreamError('KAFKA_UNREACHABLE', 'away', { retryable: true })
}

class World {
  readonly clock = eventClock()
  readonly kafka: MemoryKafka = memoryKafka({ clock: this.clock })
  readonly ledger = new Ledger()
  readonly failures: unknown[] = []
  readonly #clusters: Map<GroupMember, Cluster> = new Map()

  constructor(partitions = 4) {
    this.kafka.createTopic('t', partitions)
  }

  async join(
    name: string,
    settings: Partial<GroupSettings> = {},
    events: Partial<GroupEvents> = {},
  ): Promise<GroupMember> {
    const cluster = await this.kafka.connect()
    const member = await GroupMember.join(
      cluster,
      {
        group: 'g',
        instance: undefined,
        topics: ['t'],
        sessionTimeoutMs: 3_000,
        rebalanceTimeoutMs: 10_000,
        heartbeatMs: 500,
        patienceMs: 60_000,
        clock: this.clock,
        ...settings,
      },
      {
        assigned: (tasks) => this.ledger.take(name, tasks),
        revoking: async (tasks) => this.ledger.give(name, tasks, '-'),
        lost: (tasks) => this.ledger.give(name, tasks, '!'),
        failed: (error) => this.failures.push(error),
        ...events,
      },
    )
    this.#clusters.set(member, cluster)
    return member
  }

  wait(ms: number): Promise<void> {
    return pause(this.clock, ms).over
  }

  async until(done: () => boolean): Promise<void> {
    for (let left = 1_000; left > 0 && !done(); left--) await this.wait(100)
    expect(done()).toBe(true)
  }

  async close(): Promise<void> {
    for (const [member, cluster] of this.#clusters) {
      await member.close()
      await cluster.close()
    }
  }

  /** As kill -9 does: nobody is told. */
  async vanish(member: GroupMember): Promise<void> {
    const gone = this.#clusters.get(member)?.close()
    await member.close()
    await gone
  }
}

const all = (members: readonly GroupMember[]): number[] =>
  members.flatMap(({ tasks }) => [...tasks]).sort((a, b) => a - b)

describe('what passes is tried again', () => {
  test.each<[string, RequestKind, () => number | 'after' | void]>([
    ['the coordinator is loading when it joins', 'joinGroup', () => CODE.coordinatorLoading],
    ['the coordinator moves while it joins', 'joinGroup', () => CODE.notCoordinator],
    ['nobody answers the joining', 'joinGroup', away],
    ['the answer to the joining is lost', 'joinGroup', () => 'after'],
    ['the coordinator is loading when it asks for tasks', 'syncGroup', () => CODE.coordinatorLoading],
    ['the coordinator moves before it asks for tasks', 'syncGroup', () => CODE.notCoordinator],
    ['the others begin anew before it asks for tasks', 'syncGroup', () => CODE.rebalanceInProgress],
    ['its generation is over before it asks for tasks', 'syncGroup', () => CODE.illegalGeneration],
    ['it is put out before it asks for tasks', 'syncGroup', () => CODE.unknownMember],
    ['nobody answers when it asks for tasks', 'syncGroup', away],
    ['the answer with its tasks is lost', 'syncGroup', () => 'after'],
    ['the leader cannot see the topics', 'metadata', away],
  ])('%s', async (_, request, fault) => {
    const world = new World()
    let left = 3
    world.kafka.interrupt = (kind) => (kind === request && left-- > 0 ? fault() : undefined)
    const one = await world.join('one')
    expect(one.tasks).toEqual([0, 1, 2, 3])
    expect(left).toBeLessThanOrEqual(0)
    await world.close()
    expect(world.failures).toEqual([])
  })

  test.each<[string, () => number | 'after' | void]>([
    ['the coordinator is loading', () => CODE.coordinatorLoading],
    ['the coordinator moves', () => CODE.notCoordinator],
    ['nobody answers', away],
    ['the answer is lost', () => 'after'],
  ])('a heartbeat while %s disturbs no task', async (_, fault) => {
    const world = new World()
    const one = await world.join('one')
    const { generation } = one.identity()
    let left = 3
    world.kafka.interrupt = (kind) => (kind === 'heartbeat' && left-- > 0 ? fault() : undefined)
    await world.until(() => left < -5)
    expect([one.tasks, one.identity().generation]).toEqual([[0, 1, 2, 3], generation])
    expect(world.ledger.events).toEqual(['one +0,1,2,3'])
    await world.close()
  })

  test.each([
    ['its generation is over', CODE.illegalGeneration],
    ['nobody knows it any more', CODE.unknownMember],
  ])('where %s its tasks are lost, not given back, and it joins anew', async (_, code) => {
    const world = new World()
    const one = await world.join('one')
    let left = 1
    world.kafka.interrupt = (kind) => (kind === 'heartbeat' && left-- > 0 ? code : undefined)
    await world.until(() => world.ledger.events.length === 3)
    expect(world.ledger.events).toEqual(['one +0,1,2,3', 'one !0,1,2,3', 'one +0,1,2,3'])
    expect(one.identity().generation).toBeGreaterThan(1)
    await world.close()
  })

  test('a coordinator that is away for longer than a session puts nobody out', async () => {
    const world = new World()
    const one = await world.join('one', { sessionTimeoutMs: 3_000 })
    const identity = one.identity()
    // It takes the sessions over with the members when it comes back, as one that moves does.
    let away_ = true
    world.kafka.interrupt = (kind) => (kind === 'heartbeat' && away_ ? 'after' : undefined)
    await world.wait(10_000)
    away_ = false
    await world.wait(5_000)
    expect(one.identity()).toEqual(identity)
    expect(world.ledger.events).toEqual(['one +0,1,2,3'])
    await world.close()
  })

  test('while it is in no generation nobody commits as it', async () => {
    const world = new World()
    const one = await world.join('one')
    world.kafka.interrupt = (kind) =>
      kind === 'heartbeat' ? CODE.unknownMember : kind === 'joinGroup' ? CODE.coordinatorLoading : undefined
    await world.until(() => world.ledger.events.length === 2)
    expect(() => one.identity()).toThrow(/tasks were lost to other members/)
    world.kafka.interrupt = undefined
    await world.until(() => one.tasks.length === 4)
    expect(one.identity().generation).toBeGreaterThan(1)
    await world.close()
  })
})

describe('what does not pass ends it, with its tasks lost', () => {
  test.each<[string, RequestKind, number, string, string]>([
    [
      'no permission',
      'joinGroup',
      30,
      'KAFKA_REFUSED',
      "Joining group 'g': found the answer GROUP_AUTHORIZATION_FAILED",
    ],
    ['other protocols', 'joinGroup', 23, 'KAFKA_REFUSED', 'share out their work in another way'],
    ['the session', 'joinGroup', 26, 'KAFKA_REFUSED', 'group.min.session.timeout.ms'],
    ['a full group', 'joinGroup', 81, 'KAFKA_REFUSED', 'group.max.size'],
    ['its name', 'syncGroup', 82, 'KAFKA_FENCED_INSTANCE', 'found that another member has joined under its name'],
  ])('%s, when it joins', async (_, request, code, name, message) => {
    const world = new World()
    world.kafka.interrupt = (kind) => (kind === request ? code : undefined)
    await expect(world.join('one', { instance: 'a' })).rejects.toMatchObject({
      code: name,
      message: expect.stringContaining(message),
    })
    await world.close()
  })

  test('and later', async () => {
    const world = new World()
    const one = await world.join('one')
    world.kafka.interrupt = (kind) => (kind === 'heartbeat' ? 30 : undefined)
    await world.until(() => world.failures.length > 0)
    expect(world.failures).toMatchObject([{ code: 'KAFKA_REFUSED' }])
    expect(world.ledger.events).toEqual(['one +0,1,2,3', 'one !0,1,2,3'])
    await expect(one.commit(() => Promise.resolve(1))).rejects.toMatchObject({ code: 'KAFKA_REFUSED' })
    await world.close()
  })

  test('a coordinator that is away for longer than patience', async () => {
    const world = new World()
    await world.join('one', { patienceMs: 10_000 })
    world.kafka.interrupt = (kind) => (kind === 'heartbeat' || kind === 'joinGroup' ? away() : undefined)
    await world.until(() => world.failures.length > 0)
    expect(world.failures).toMatchObject([
      { code: 'KAFKA_UNREACHABLE', message: expect.stringContaining('Tried again for') },
    ])
    await world.close()
  })

  test('one that is put out again and again', async () => {
    const world = new World()
    world.kafka.interrupt = (kind) => (kind === 'syncGroup' ? CODE.unknownMember : undefined)
    await expect(world.join('one', { patienceMs: 5_000 })).rejects.toMatchObject({
      message: expect.stringMatching(/UNKNOWN_MEMBER_ID.*\nTried again for/),
    })
    await world.close()
  })

  test('members that read different topics', async () => {
    const world = new World()
    world.kafka.createTopic('u', 1)
    const one = world.join('one')
    await one
    void world.join('two', { topics: ['u'] }).catch((error: unknown) => world.failures.push(error))
    await world.until(() => world.failures.length > 0)
    expect(world.failures[0]).toMatchObject({
      code: 'KAFKA_GROUP_TOPICS',
      message: expect.stringContaining('found one that reads ["u"] and one that reads ["t"]'),
    })
    await world.close()
  })
})

describe('finishing with tasks', () => {
  test.each<[string, () => Promise<void>]>([
    ['fails', () => Promise.reject(new Error('no commit'))],
    ['takes longer than the group waits', () => new Promise(() => {})],
  ])('that %s is loss, and the others get them', async (_, revoking) => {
    const world = new World()
    const one = await world.join('one', {}, { revoking })
    const two = await world.join('two')
    await world.until(() => two.tasks.length === 2)
    expect(one.tasks).toEqual([0, 1])
    expect(world.ledger.events).toEqual(['one +0,1,2,3', 'one !2,3', 'two +2,3'])
    await world.close()
  })

  test('a static member that ends before it has finished, and comes back, lets go of what it was to give', async () => {
    const world = new World()
    const settings = { instance: 'a', sessionTimeoutMs: 100_000 }
    let asked = false
    const one = await world.join('one', settings, {
      revoking: () => {
        asked = true
        return new Promise(() => {})
      },
    })
    const two = await world.join('two')
    await world.until(() => asked)
    await one.close()
    world.ledger.owners.clear()
    const again = await world.join('one again', settings)
    await world.until(() => two.tasks.length === 2)
    expect(again.tasks).toEqual([0, 1])
    expect(world.clock.now()).toBeLessThan(10_000)
    await world.close()
  })

  test('a static leader that comes back to more partitions than there were has them shared out', async () => {
    const world = new World(2)
    const one = await world.join('one', { instance: 'a' })
    await one.close()
    world.ledger.owners.clear()
    world.kafka.createTopic('t', 4)
    const again = await world.join('one again', { instance: 'a' })
    again.tasksSeen(2)
    await world.wait(5_000)
    expect(again.tasks).toEqual([0, 1])
    again.tasksSeen(4)
    await world.until(() => again.tasks.length === 4)
    expect(world.ledger.events).toEqual(['one +0,1', 'one again +0,1', 'one again +2,3'])
    await world.close()
  })

  test('a commit under way is waited for, and one that comes then waits for the next generation', async () => {
    const world = new World()
    const one = await world.join('one')
    let end = (): void => {}
    const generations: number[] = []
    const first = one.commit(async ({ generation }) => {
      generations.push(generation)
      await new Promise<void>((resolve) => {
        end = resolve
      })
      generations.push(one.identity().generation)
    })
    const two = world.join('two')
    await world.wait(2_000)
    expect(one.identity().generation).toBe(1)
    const second = one.commit(async ({ generation }) => generations.push(generation))
    await world.wait(500)
    expect(generations).toEqual([1])
    end()
    await Promise.all([first, second, two])
    expect(generations).toEqual([1, 1, 2])
    await world.close()
  })

  test('a commit that waited while tasks were lost is not made', async () => {
    const world = new World()
    const one = await world.join('one')
    void world.join('two')
    await world.wait(1)
    let made = false
    let waiting: Promise<unknown> | undefined
    world.kafka.interrupt = (kind) => {
      if (kind !== 'joinGroup' || waiting !== undefined) return undefined
      waiting = one.commit(async () => {
        made = true
      })
      return CODE.unknownMember
    }
    await world.until(() => waiting !== undefined)
    await expect(waiting).rejects.toMatchObject({ code: 'KAFKA_NOT_OWNER' })
    expect(made).toBe(false)
    await world.close()
  })
})

test('members come, go and vanish while any requests fail: no task has two, and those who stay have all', async () => {
  const step = fc.record({
    act: fc.constantFrom('join', 'close', 'vanish', 'nothing', 'grow'),
    who: fc.nat(3),
    wait: fc.integer({ min: 0, max: 3_000 }),
    fault: fc.constantFrom<number | 'after' | 'away' | undefined>(undefined, 14, 16, 22, 25, 27, 'after', 'away'),
    at: fc.constantFrom<RequestKind>('joinGroup', 'syncGroup', 'heartbeat', 'metadata'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
      const world = new World(5)
      const members = new Map<number, GroupMember>()
      let count = 5
      let runs = 0
      const join = async (place: number): Promise<void> => {
        const name = `${place} ${runs++}`
        members.set(place, await world.join(name, { instance: place === 0 ? 'static' : undefined }))
      }
      for (const { act, who, wait, fault, at } of steps) {
        let left = fault === undefined ? 0 : 1
        world.kafka.interrupt = (kind) => {
          if (kind !== at || left-- <= 0) return undefined
          if (kind === 'metadata' && typeof fault === 'number') return undefined
          return fault === 'away' ? away() : fault
        }
        const member = members.get(who)
        if (act === 'join' && member === undefined) await join(who)
        if ((act === 'close' || act === 'vanish') && member !== undefined) {
          const { tasks } = member
          members.delete(who)
          await (act === 'close' ? member.close() : world.vanish(member))
          for (const task of tasks) world.ledger.owners.delete(task)
        }
        if (act === 'grow') {
          world.kafka.createTopic('t', ++count)
          for (const one of members.values()) one.tasksSeen(count)
        }
        await world.wait(wait)
      }
      world.kafka.interrupt = undefined
      if (!members.has(1)) await join(1)
      const wanted = Array.from({ length: count }, (_, i) => `${i}`).join()
      // What grew while nobody led, or the leader was going, is seen with the next look at the topics.
      await world.until(() => {
        for (const one of members.values()) one.tasksSeen(count)
        return all([...members.values()]).join() === wanted
      })
      expect(world.ledger.faults).toEqual([])
      expect(world.failures).toEqual([])
      await world.close()
    }),
    { numRuns: 100 },
  )
})
