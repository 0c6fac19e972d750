// kill -9 at any moment, also in the middle of a transaction: no result is lost, none is there twice, and the state is
// that of the offsets.
import { canTest, startKafka } from '@tidemark/services'
import { describe, expect, test } from 'vitest'
import { Load, wait } from './load.ts'

const kills = Number(process.env['TIDEMARK_KILLS'] ?? 20)

describe.skipIf(!(await canTest('kafka')))('an exactly-once job', () => {
  test(
    `has each result once after ${kills} kills`,
    async () => {
      await using broker = await startKafka()
      const load = await Load.begin(broker.bootstrap, 6_000)
      try {
        for (let kill = 0; kill < kills; kill++) {
          const counter = load.counter('static-a')
          // After some commits, so that every run gets on, and a moment that nobody chose.
          await counter.until((lines) => lines.length > kill % 4)
          expect(counter.lines.at(-1)).toMatch(/^committed/)
          await wait(Math.random() * 60)
          await counter.end('SIGKILL')
        }
        const last = load.counter('static-a')
        await load.check(() => [last])
      } finally {
        await load.end()
      }
    },
    120_000 + kills * 10_000,
  )

  test('goes on when the broker is restarted', async () => {
    await using broker = await startKafka()
    const load = await Load.begin(broker.bootstrap, 6_000)
    try {
      const counter = load.counter('static-a')
      for (let round = 0; round < 2; round++) {
        const before = counter.lines.length
        await counter.until((lines) => lines.length > before + 3)
        await broker.kill(1)
        await broker.restart(1)
      }
      await load.check(() => [counter])
    } finally {
      await load.end()
    }
  })
})
