// Processes of an exactly-once job that come, go, are killed and stopped under load, and nodes that are killed: each
// result once.
import { canTest, startKafka } from '@tidemark/services'
import { describe, expect, test } from 'vitest'
import { type Counter, Load, PARTITIONS, wait } from './load.ts'

const changes = Number(process.env['TIDEMARK_CHANGES'] ?? 8)

describe.skipIf(!(await canTest('kafka')))('processes in a group', () => {
  test(
    `come, go and are killed ${changes} times under load`,
    async () => {
      await using broker = await startKafka()
      const load = await Load.begin(broker.bootstrap, 3_000)
      try {
        const crowd = new Map<string, Counter>()
        const names = ['static-a', 'b', 'c']
        const start = (name: string): void => void crowd.set(name, load.counter(name))
        for (const name of names.slice(0, 2)) start(name)
        for (let i = 0; i < changes; i++) {
          await wait(500 + Math.random() * 1_500)
          const name = names[Math.floor(Math.random() * names.length)] as string
          const counter = crowd.get(name)
          if (counter === undefined || !counter.runs) start(name)
          else {
            await counter.end(i % 2 === 0 ? 'SIGTERM' : 'SIGKILL')
            crowd.delete(name)
          }
        }
        for (const name of names) if (crowd.get(name)?.runs !== true) start(name)
        await load.check(() => {
          // One that lost its tasks has given up and is started again, as a supervisor would.
          for (const name of names) if (crowd.get(name)?.runs !== true) start(name)
          return [...crowd.values()]
        })
      } finally {
        await load.end()
      }
    },
    120_000 + changes * 5_000,
  )

  test('one that was stopped for longer than its session writes nothing any more', async () => {
    await using broker = await startKafka()
    const load = await Load.begin(broker.bootstrap, 3_000)
    try {
      const [zombie, other] = [load.counter('zombie'), load.counter('other')]
      await Promise.all(
        [zombie, other].map((one) => one.until((lines) => lines.some((line) => /committed/.test(line)))),
      )
      zombie.child.kill('SIGSTOP')
      const before = load.written
      await other.until(() => other.splits === PARTITIONS)
      // The other has counted what the zombie would.
      while (load.written < before + 2_000) await wait(20)
      const said = zombie.lines.length
      zombie.child.kill('SIGCONT')
      // It has lost its tasks and joins anew, or its transaction was ended for it, and its producer is fenced.
      await zombie.until((lines) => lines.slice(said).some((line) => line.startsWith('committed ')))
      if (!zombie.runs) expect(zombie.lines.at(-1)).toMatch(/^gave up: .*transactional id/)
      expect(other.runs).toBe(true)
      await load.check(() => [zombie, other])
    } finally {
      await load.end()
    }
  })

  test.each([true, false])(
    'one whose own code holds its thread for longer than its session: with others %s',
    async (others) => {
      await using broker = await startKafka()
      const load = await Load.begin(broker.bootstrap, 2_000)
      try {
        const slow = load.counter('slow', 8_000)
        const crowd = new Set([slow])
        if (others) crowd.add(load.counter('other'))
        await slow.until((lines) => lines.includes('holds its thread'))
        const said = slow.lines.length
        const [, other] = crowd
        if (other !== undefined) await other.until(() => other.splits === PARTITIONS)
        // It joins anew, or its transaction was ended for it, and its producer is fenced.
        await slow.until((lines) => lines.slice(said).some((line) => line.startsWith('committed ')))
        if (!slow.runs) {
          expect(slow.lines.at(-1)).toMatch(/^gave up: .*transactional id/)
          crowd.add(load.counter('again'))
        }
        await load.check(() => [...crowd])
      } finally {
        await load.end()
      }
    },
  )

  // A minute on a quiet machine: run by hand, with TIDEMARK_CHANGES set.
  test.skipIf(process.env['TIDEMARK_CHANGES'] === undefined)(
    'go on when the nodes are killed one after the other, whoever leads and coordinates',
    async () => {
      await using broker = await startKafka({ nodes: 3 })
      const load = await Load.begin(broker.bootstrap, 15_000, 3)
      try {
        const counters = [load.counter('static-a'), load.counter('b')]
        await Promise.all(counters.map((one) => one.until((lines) => lines.some((line) => /committed/.test(line)))))
        for (const node of [1, 2, 3]) {
          const before = load.written
          await broker.kill(node)
          while (load.written < before + 1_000) await wait(20)
          await broker.restart(node)
        }
        await load.check(() => counters)
      } finally {
        await load.end()
      }
    },
  )
})
