// kill -9 at any moment, also in the middle of a transaction: no record is lost, none is there twice.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { canTest, startKafka } from '@tidemark/services'
import { describe, expect, test } from 'vitest'
import { brokerStage } from './broker-stage.ts'

const kills = Number(process.env['TIDEMARK_KILLS'] ?? 10)
const script = fileURLToPath(new URL('copy-exactly-once.ts', import.meta.url))
const RECORDS = 20_000

/** Resolves when the child has committed so many times, or has ended. */
async function committed(child: ChildProcess, times: number): Promise<void> {
  let left = times
  for await (const _ of createInterface({ input: child.stdout as NodeJS.ReadableStream })) if (--left <= 0) return
}

describe.skipIf(!(await canTest('kafka')))('a copy by transactions', () => {
  test(`has each record once after ${kills} kills`, async () => {
    await using broker = await startKafka()
    const brokers = broker.bootstrap
    const stage = await brokerStage({ brokers })
    const [input, output] = [await stage.topic(4), await stage.topic(3)]
    const values = Array.from({ length: RECORDS }, (_, i) => `${i}`)
    for (let from = 0; from < RECORDS; from += 500) {
      const records = values.slice(from, from + 500).map((value) => ({ value }))
      await stage.append(input, (from / 500) % 4, records)
    }
    const run = (): ChildProcess =>
      spawn(
        process.execPath,
        ['--conditions=@tidemark/source', script, brokers.join(','), input, output, `copy-${input}`],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
    for (let kill = 0; kill < kills; kill++) {
      const child = run()
      const ended = new Promise((resolve) => child.once('exit', resolve))
      // After some commits, so that every run gets on, and a moment that nobody chose.
      await committed(child, 1 + (kill % 4))
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 30))
      child.kill('SIGKILL')
      await ended
    }
    const last = run()
    let found: readonly string[] = []
    while (found.length < RECORDS && last.exitCode === null)
      found = (await stage.records(output)).map(({ value }) => Buffer.from(value ?? []).toString())
    last.kill('SIGKILL')
    expect(new Set(found).size).toBe(RECORDS)
    expect(found.length).toBe(RECORDS)
    await stage.close()
  })
})
