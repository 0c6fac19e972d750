/** Owns what a sink promises: what is flushed is there, the newest version stays, however often anything is written. */
import type { TimeWindow } from '@tidemark/core'
import { refused } from './contract.ts'
import type { PaneAt, SinkStage } from './sink-stage.ts'

/** Each with the part of the contract that it is about. A check returns where the sink has no such part. */
export const SINK_CHECKS: readonly (readonly [name: string, run: (on: SinkStage) => Promise<void>])[] = [
  ['what is flushed is there', flushed],
  ['a batch may have any size', sizes],
  ['keys and windows are apart', places],
  ['values come back as they were', values],
  ['the newest version stays, whatever is written after it', newest],
  ['a withdrawn result is gone until a newer one comes', withdrawn],
  ['what a restart writes again changes nothing', again],
  ['a correction leaves the value as it is', corrections],
  ['results that are made anew replace those of before, or are refused', epochs],
  ['writers beside each other and after each other write to one place', writers],
  ['progress is told behind the results that it is about', progress],
  ['nothing of a transaction is seen before it is decided', transactions],
]

export const minute = (n: number): TimeWindow => ({ start: 60_000 * n, end: 60_000 * (n + 1) })
const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i)

async function flushed(on: SinkStage): Promise<void> {
  await on.stands('before anything was written')
  const writing = await on.open()
  await writing.flush()
  await on.stands('after a flush of nothing')
  for (const n of range(5)) {
    await writing.write(...range(7).map((i) => ({ key: `k${i % 3}`, window: minute(n + i), index: n })))
    if (n % 2 === 1) await writing.flush()
  }
  await writing.flush()
  await on.stands('after a flush')
  await writing.close()
  await on.stands('after the writer was closed')
}

async function sizes(on: SinkStage): Promise<void> {
  const writing = await on.open()
  for (const size of [0, 1, 5_000]) {
    await writing.write(...range(size).map((i) => ({ key: `k${i % 100}`, window: minute(Math.floor(i / 100)) })))
    await writing.flush()
    await on.stands(`after a batch of ${size}`)
  }
  await writing.write()
  await writing.close()
  await on.stands('after an empty batch without a flush')
}

async function places(on: SinkStage): Promise<void> {
  const keys = ['a', 'A', 'a ', 'aa', 'a/b', 'a:b', 'a\u0000', 'ä', '\u{1F30A}', '1', 'x'.repeat(500), '']
  const windows = [
    minute(0),
    minute(1),
    minute(-1),
    // Sessions: the same end, the same start, one in another.
    { start: 10_000, end: 60_000 },
    { start: 0, end: 50_000 },
    { start: 20_000, end: 30_000 },
    { start: 0, end: 1 },
    minute(29_666_666),
  ]
  const writing = await on.open()
  const panes = keys.flatMap((key, i) => windows.map((window, j): PaneAt => ({ key, window, value: 100 * i + j })))
  await writing.write(...panes)
  await writing.flush()
  await on.stands('under keys and windows that are much alike')
}

async function values(on: SinkStage): Promise<void> {
  const writing = await on.open()
  const numbers = [0, 1, -1, 0.1, 1e21, -1e-7, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, Number.MAX_VALUE]
  await writing.write(...numbers.map((value, i) => ({ key: `k${i}`, value })))
  await writing.flush()
  await on.stands('of numbers of all kinds')
}

async function newest(on: SinkStage): Promise<void> {
  const writing = await on.open()
  // Within a batch, over batches, and over flushes; 10 is after 9 by number only.
  await writing.write({ key: 'a', index: 2 }, { key: 'a', index: 1 }, { key: 'b', index: 9 }, { key: 'b', index: 10 })
  await writing.write({ key: 'a', index: 0 }, { key: 'b', index: 9 }, { key: 'c', index: 1 })
  await writing.flush()
  await on.stands('after older versions in the same flush')
  await writing.write({ key: 'c', index: 0 }, { key: 'b', index: 2 })
  await writing.flush()
  await on.stands('after older versions in the next flush')
  await writing.write({ key: 'c', index: 300 })
  await writing.write({ key: 'c', index: 70_000 }, { key: 'b', index: 11 })
  await writing.flush()
  await writing.write({ key: 'c', index: 5_000 })
  await writing.flush()
  await on.stands('after versions with gaps')
}

async function withdrawn(on: SinkStage): Promise<void> {
  const writing = await on.open()
  const of = (key: string, kind: 'value' | 'retraction', index: number): PaneAt => ({ key, kind, index })
  await writing.write(of('a', 'value', 0), of('b', 'value', 0), of('b', 'retraction', 0), of('c', 'retraction', 3))
  await writing.flush()
  await on.stands('after a withdrawal in the same batch')
  await writing.write(of('a', 'retraction', 0))
  await writing.flush()
  await on.stands('after a withdrawal in the next flush')
  await writing.write(of('a', 'value', 0), of('c', 'value', 2))
  await writing.flush()
  await on.stands('after what was withdrawn was written again')
  await writing.write(of('a', 'value', 1), of('b', 'value', 1), of('b', 'retraction', 0), of('c', 'value', 4))
  await writing.flush()
  await on.stands('after newer results')
}

async function again(on: SinkStage): Promise<void> {
  const batches: readonly (readonly PaneAt[])[] = [
    [{ key: 'a' }, { key: 'b' }],
    [
      { key: 'a', index: 1 },
      { key: 'b', kind: 'retraction' },
    ],
    [{ key: 'a', index: 2 }, { key: 'c' }, { key: 'c', kind: 'correction' }],
  ]
  const first = await on.open()
  for (const batch of batches) await first.write(...batch)
  await first.flush()
  for (let from = batches.length - 1; from >= 0; from--) {
    const restarted = await on.open()
    for (const batch of batches.slice(from)) await restarted.write(...batch)
    await restarted.flush()
    await restarted.close()
    await on.stands(`after a restart wrote again, from batch ${from} on`)
  }
  const unfinished = await on.open()
  await unfinished.write(...(batches[0] as readonly PaneAt[]))
  await unfinished.flush()
  await on.stands('while a restart is at its first batch')
}

async function corrections(on: SinkStage): Promise<void> {
  const writing = await on.open()
  const correction: PaneAt = { kind: 'correction', index: 7 }
  await writing.write({ ...correction, key: 'before' }, { key: 'a', index: 3 }, { key: 'b' })
  await writing.flush()
  await writing.write({ ...correction, key: 'a' }, { ...correction, key: 'a' }, { key: 'before' })
  await writing.write({ ...correction, key: 'b' }, { key: 'b', index: 1 })
  await writing.flush()
  await on.stands('with corrections beside it')
}

async function epochs(on: SinkStage): Promise<void> {
  if (on.bench.durableOnly === true) {
    await refused('a job that makes its results anew', () => on.open(false))
    return
  }
  const before = await on.open(false)
  await before.write({ key: 'a', index: 9 }, { key: 'b', index: 9, kind: 'retraction' }, { key: 'c', index: 9 })
  await before.flush()
  await on.stands('after a run that is not durable')
  const after = await on.open(false)
  await after.write({ key: 'a' }, { key: 'b' }, { key: 'c', kind: 'retraction' })
  await after.flush()
  await on.stands('after the next run')
  // In a transaction the next run fences the one before.
  if (on.transactions !== undefined) return
  await before.write({ key: 'a', index: 99 }, { key: 'c', index: 99 })
  await before.flush()
  await on.stands('after the run before wrote on')
}

async function writers(on: SinkStage): Promise<void> {
  // One at a time in a transaction: a second one fences the first.
  const beside = on.transactions === undefined
  const one = await on.open()
  await one.write({ key: 'a' }, { key: 'b', index: 4 })
  await one.flush()
  const other = await on.open()
  await other.write({ key: 'a', index: 2 }, { key: 'c' })
  await other.flush()
  if (beside) {
    await one.write({ key: 'a', index: 1 }, { key: 'b', index: 5 })
    await one.flush()
    await on.stands('after two writers in turn')
  }
  await one.close()
  await other.write({ key: 'd' })
  await other.flush()
  await on.stands('after another writer was closed')
}

async function progress(on: SinkStage): Promise<void> {
  const writing = await on.open()
  const told = async (watermark: number): Promise<void> => {
    await writing.progress(watermark)
    await writing.flush()
    await on.told(watermark)
    await on.stands(`when readers are told W = ${watermark}`)
  }
  for (const watermark of [-5, 0, 60_000, 60_000, 1_780_000_000_123, Number.POSITIVE_INFINITY]) {
    await writing.write({ window: minute(0), index: 1 }, { key: `at ${watermark}` })
    await told(watermark)
  }
  // Of windows that allow lateness.
  await writing.write({ window: minute(0), index: 2 })
  await told(Number.POSITIVE_INFINITY)
}

async function transactions(on: SinkStage): Promise<void> {
  if (on.transactions === undefined) return
  const writing = await on.open()
  await writing.write({ key: 'a' })
  await writing.flush()
  await writing.unseen({ key: 'a', index: 1 }, { key: 'b' })
  await on.stands('before a transaction is decided')
  await writing.abort()
  await on.stands('after it was aborted')
  await writing.write({ key: 'a', index: 1 })
  await writing.flush()
  await on.stands('after the next one')
}
