// What a member of a group promises, on any cluster.
import type { Clock } from '@tidemark/core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, CommittedPlace } from '../src/client/cluster.ts'
import { CODE } from '../src/client/error-codes.ts'
import { pause } from '../src/client/retry.ts'
import { GroupMember, type GroupSettings } from '../src/group/group-member.ts'
import type { Stage } from './stage.ts'

/** Who has which task, as the members themselves were told: never two at a time. */
export class Ledger {
  readonly owners: Map<number, string> = new Map()
  readonly events: string[] = []
  readonly faults: string[] = []

  take(name: string, tasks: readonly number[]): void {
    this.events.push(`${name} +${tasks.join()}`)
    for (const task of tasks) {
      if (this.owners.has(task)) this.faults.push(`${name} got ${task} of ${this.owners.get(task)}`)
      this.owners.set(task, name)
    }
  }

  give(name: string, tasks: readonly number[], how: '-' | '!'): void {
    this.events.push(`${name} ${how}${tasks.join()}`)
    for (const task of tasks) if (this.owners.get(task) === name) this.owners.delete(task)
  }
}

/** A clock of a process that can be stopped: what is due meanwhile comes when it goes on. */
export function stoppable(clock: Clock): Clock & { stop(): void; go(): void } {
  let held: (() => void)[] | undefined
  return {
    now: clock.now,
    wakeAt: (at, wake) =>
      clock.wakeAt?.(at, () => {
        if (held === undefined) wake()
        else held.push(wake)
      }) ?? (() => {}),
    stop: () => {
      held ??= []
    },
    go: () => {
      const due = held ?? []
      held = undefined
      for (const wake of due) wake()
    },
  }
}

interface Joined {
  readonly member: GroupMember
  readonly cluster: Cluster
  /** How it ended, where it did. */
  readonly failure: () => unknown
}

interface Joining {
  readonly instance?: string
  readonly topics?: readonly string[]
  readonly clock?: Clock
  readonly finish?: (tasks: readonly number[]) => Promise<void>
}

export function memberContract(name: string, open: () => Promise<Stage>): void {
  describe(`a member of a group on ${name}`, () => {
    let stage: Stage
    let groups = 0
    const open_: Joined[] = []
    beforeAll(async () => {
      stage = await open()
    })
    afterEach(async () => {
      for (const { member, cluster } of open_.splice(0)) {
        await member.close()
        await cluster.close()
      }
    })
    afterAll(() => stage.close())

    /** A group of its own for each test, over topics of so many partitions. */
    const crowd = async (...partitions: readonly number[]) => {
      const group = `members-${process.pid}-${Date.now()}-${groups++}`
      const topics: string[] = []
      for (const count of partitions) topics.push(await stage.topic(count))
      const ledger = new Ledger()
      const join = async (who: string, more: Joining = {}): Promise<Joined> => {
        const { finish = () => Promise.resolve(), ...rest } = more
        const settings: GroupSettings = {
          group,
          topics,
          instance: undefined,
          sessionTimeoutMs: 1_500,
          rebalanceTimeoutMs: 5_000,
          heartbeatMs: 50,
          patienceMs: 30_000,
          clock: stage.clock,
          ...rest,
        }
        const cluster = await stage.kafka.connect()
        let failure: unknown
        const member = await GroupMember.join(cluster, settings, {
          assigned: (tasks) => ledger.take(who, tasks),
          revoking: async (tasks) => {
            await finish(tasks)
            ledger.give(who, tasks, '-')
          },
          lost: (tasks) => ledger.give(who, tasks, '!'),
          failed: (error) => {
            failure = error
          },
        })
        const joined = { member, cluster, failure: () => failure }
        open_.push(joined)
        return joined
      }
      /** Waits until the members have so many tasks each; sorted, since who has more is nobody's matter. */
      const share = async (members: readonly Joined[], ...wanted: readonly number[]): Promise<void> => {
        const shares = (): number[] => members.map(({ member }) => member.tasks.length).sort((a, b) => a - b)
        await eventually(() => `${shares().join()}` === wanted.join() && ledger.owners.size === sum(wanted))
        expect(shares()).toEqual(wanted)
        expect(ledger.faults).toEqual([])
      }
      return { group, topics, ledger, join, share }
    }
    const eventually = async (done: () => boolean): Promise<void> => {
      for (let left = 400; left > 0 && !done(); left--) await wait(25)
    }
    const wait = (ms: number): Promise<void> => pause(stage.clock, ms).over
    const commit = async ({ cluster }: Joined, topic: string, who: Parameters<Cluster['commitOffsets']>[0]) => {
      const place: CommittedPlace = { topic, partition: 0, offset: 1n, metadata: '' }
      return (await cluster.commitOffsets(who, [place]))[0]?.error
    }

    test('shares the tasks with those who come and gets those of who goes; what it keeps is not disturbed', async () => {
      const { ledger, join, share } = await crowd(6)
      const one = await join('one')
      expect(one.member.tasks).toEqual([0, 1, 2, 3, 4, 5])
      const two = await join('two')
      await share([one, two], 3, 3)
      const three = await join('three')
      await share([one, two, three], 2, 2, 2)
      const kept = one.member.tasks
      const before = ledger.events.length
      await two.member.close()
      ledger.give('two', two.member.tasks, '-')
      await share([one, three], 3, 3)
      expect(one.member.tasks).toEqual(expect.arrayContaining([...kept]))
      // Nobody had to give anything back, and what was free went to the two.
      expect(ledger.events.slice(before + 1).every((event) => event.includes('+'))).toBe(true)
    })

    test('a task goes to another only when its owner has finished with it', async () => {
      const { ledger, join, share } = await crowd(4)
      let finish = (): void => {}
      let asked: readonly number[] = []
      const one = await join('one', {
        finish: (tasks) =>
          new Promise((resolve) => {
            asked = tasks
            finish = resolve
          }),
      })
      const two = await join('two')
      await eventually(() => asked.length > 0)
      await wait(500)
      expect([asked.length, one.member.tasks.length, two.member.tasks]).toEqual([2, 4, []])
      // It commits as a member of the new generation, in which it still owns them.
      const codes = await one.member.commit(async (who) => (await one.cluster.heartbeat(who)) + 0)
      expect([CODE.none, CODE.rebalanceInProgress]).toContain(codes)
      finish()
      await share([one, two], 2, 2)
      expect(two.member.tasks).toEqual(asked)
      expect(ledger.events.indexOf(`one -${asked.join()}`)).toBeLessThan(ledger.events.indexOf(`two +${asked.join()}`))
    })

    test('there may be more members than tasks', async () => {
      const { join, share } = await crowd(1)
      const members = [await join('one'), await join('two'), await join('three')]
      await share(members, 0, 0, 1)
      const owner = members.find(({ member }) => member.tasks.length > 0) as Joined
      const place = members.indexOf(owner)
      await owner.member.close()
      await eventually(() => members.some(({ member }, i) => i !== place && member.tasks.length > 0))
      expect(members.filter((_, i) => i !== place).flatMap(({ member }) => member.tasks)).toEqual([0])
    })

    test('a task is the partitions of one number of all topics', async () => {
      const { join, share } = await crowd(2, 5)
      const one = await join('one')
      expect(one.member.tasks).toEqual([0, 1, 2, 3, 4])
      await share([one, await join('two')], 2, 3)
    })

    test('a topic that grows gets its new tasks', async () => {
      const { topics, join, share } = await crowd(2)
      const members = [await join('one'), await join('two')]
      await share(members, 1, 1)
      await stage.addPartitions(topics[0] as string, 4)
      for (let left = 100; left > 0 && sum(members.map(({ member }) => member.tasks.length)) < 4; left--) {
        // Every member tells; the leader does something about it.
        for (const { member } of members) member.tasksSeen(4)
        await wait(100)
      }
      await share(members, 2, 2)
    })

    test('a static member that closes and comes back has its tasks again, and the others hear nothing of it', async () => {
      const { ledger, join, share } = await crowd(4)
      const one = await join('one', { instance: 'a' })
      const two = await join('two', { instance: 'b' })
      await share([one, two], 2, 2)
      for (const [who, instance, { member }] of [
        ['two', 'b', two],
        ['one', 'a', one],
      ] as const) {
        const had = member.tasks
        await member.close()
        ledger.give(who, had, '-')
        ledger.events.length = 0
        const again = await join(who, { instance })
        expect(again.member.tasks).toEqual(had)
        await wait(300)
        expect(ledger.events).toEqual([`${who} +${had.join()}`])
      }
    })

    test('a second member under the same name fences the first, which ends with an error', async () => {
      const { topics, ledger, join } = await crowd(2)
      const one = await join('one', { instance: 'a' })
      const who = one.member.identity()
      ledger.owners.clear()
      const two = await join('two', { instance: 'a' })
      expect(two.member.tasks).toEqual([0, 1])
      await eventually(() => one.failure() !== undefined)
      expect(one.failure()).toMatchObject({ code: 'KAFKA_FENCED_INSTANCE', retryable: false })
      expect(one.member.tasks).toEqual([])
      expect(await commit(one, topics[0] as string, who)).toBe(CODE.fencedInstance)
      await expect(one.member.commit(() => Promise.resolve())).rejects.toMatchObject({ code: 'KAFKA_FENCED_INSTANCE' })
      expect(await commit(two, topics[0] as string, two.member.identity())).toBe(CODE.none)
    })

    test('one that was stopped for longer than its session has lost everything, commits nothing, and joins anew', async () => {
      const { topics, ledger, join, share } = await crowd(4)
      const clock = stoppable(stage.clock)
      const zombie = await join('zombie', { clock })
      const two = await join('two')
      await share([zombie, two], 2, 2)
      clock.stop()
      const who = zombie.member.identity()
      // The other cannot know that the zombie still holds its tasks.
      for (const task of zombie.member.tasks) ledger.owners.delete(task)
      await eventually(() => two.member.tasks.length === 4)
      expect(await zombie.member.commit((current) => commit(zombie, topics[0] as string, current))).toBe(
        CODE.unknownMember,
      )
      clock.go()
      await share([zombie, two], 2, 2)
      expect(ledger.events.filter((event) => event.startsWith('zombie !'))).toHaveLength(1)
      expect(zombie.member.identity().generation).toBeGreaterThan(who.generation)
      expect(zombie.failure()).toBeUndefined()
    })
  })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
