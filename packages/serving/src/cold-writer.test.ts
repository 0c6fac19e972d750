// How the cold writer goes on while the store writes, and what it says of what is not durable yet.
import { type Clock, type ColdSession, type MemoryLog, memoryColdStore, memoryLog } from '@tidemark/core'
import { expect, test } from 'vitest'
import { ColdWriter } from './cold-writer.ts'
import { every } from './cold-writes.ts'
import { type PartitionRecord, REGISTERS, decodeRegister } from './registers.ts'
import { ALL_RULES } from './rules.ts'
import { Stop } from './wait.ts'

/** Goes on whenever somebody waits for it. */
function eagerClock(): Clock {
  let now = 0
  return {
    now: () => now,
    wakeAt: (at, wake) => {
      const turn = setImmediate(() => {
        now = Math.max(now, at)
        wake()
      })
      return () => clearImmediate(turn)
    },
  }
}

/** Writes one window of a key, and that it is complete. */
function window(log: MemoryLog, end: number): void {
  const cell = { key: Uint8Array.of(1), start: end - 10, end, correction: '', epoch: 0, revision: 0 }
  log.append([
    {
      kind: 'result',
      cell: { ...cell, value: Uint8Array.of(7) },
      timing: 'on-time',
      isLast: true,
      records: 1,
      lateRecords: 0,
    },
    { kind: 'progress', task: '0', watermark: end, tasks: 1, idle: false },
  ])
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}

interface Put {
  readonly ends: readonly number[]
  readonly done: (error?: Error) => void
}

/** `meanwhile` comes while the store writes for the first time. */
async function started(
  log: MemoryLog,
  meanwhile: () => void,
): Promise<{
  puts: Put[]
  reads: bigint[]
  following: Promise<void>
  signal: Stop
  record: () => Promise<PartitionRecord | undefined>
}> {
  const signal = new Stop()
  const session = await memoryColdStore().open({ name: 'r', windowMs: 10 })
  const puts: Put[] = []
  const cold: ColdSession = {
    ...session,
    put: (cells) =>
      new Promise((resolve, reject) => {
        const done = (error?: Error): void => (error === undefined ? resolve() : reject(error))
        puts.push({ ends: cells.map(({ end }) => end), done })
        if (puts.length === 1) meanwhile()
      }),
  }
  const opened = await log.open({})
  const reads: bigint[] = []
  const writer = new ColdWriter({
    log: {
      ...opened,
      read: (partition, from, ...rest) => {
        reads.push(from)
        return opened.read(partition, from, ...rest)
      },
    },
    cold,
    rules: ALL_RULES,
    promises: { completeDelayMs: 0, finalDelayMs: 0 },
    writes: every('100ms'),
    overlapMs: 0,
    keepForMs: undefined,
    boundary: () => Number.NEGATIVE_INFINITY,
    clock: eagerClock(),
    batchSize: 10,
    maxWaiting: 1_000,
    urgentMs: 100,
    signal,
    onContended: () => {},
    onFull: () => {},
    onSilent: () => {},
  })
  await writer.open()
  const record = async (): Promise<PartitionRecord | undefined> => {
    const bytes = await session.register(REGISTERS.partition('0'))
    return bytes === undefined ? undefined : decodeRegister<PartitionRecord>('0', bytes)
  }
  return { puts, reads, following: writer.follow(), signal, record }
}

test('the log is read on while the store writes; only what is durable is told', async () => {
  const log = memoryLog()
  window(log, 10)
  const { puts, reads, following, signal, record } = await started(log, () => window(log, 20))
  await turns()
  // What came is read, but waits for the store; nothing of either is told.
  expect(reads.at(-1)).toBe(2n)
  expect(puts.map(({ ends }) => ends)).toEqual([[10]])
  expect(await record()).toBeUndefined()
  puts[0]?.done()
  await turns()
  expect(puts.map(({ ends }) => ends)).toEqual([[10], [20]])
  expect(await record()).toMatchObject({ resume: 2n, covered: 2n, complete: 10, lastEnd: 10 })
  expect((await record())?.frontier.watermark).toBe(10)
  puts[1]?.done()
  await turns()
  expect(await record()).toMatchObject({ resume: 4n, covered: 4n, complete: 20, lastEnd: 20 })
  signal.abort()
  await following
})

test('a store that fails while the log is read on ends the writer, and nothing is told', async () => {
  const log = memoryLog()
  window(log, 10)
  const { puts, following, record } = await started(log, () => window(log, 20))
  const ended = following.catch(String)
  await turns()
  puts[0]?.done(new Error('away'))
  expect(await ended).toContain('away')
  expect(puts).toHaveLength(1)
  expect(await record()).toBeUndefined()
})
