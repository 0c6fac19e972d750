/** Owns what a results log promises: results by key, progress behind them, reads from anywhere, and what retention took. */
import type { LogEntry } from '@tidemark/core'
import { refused, same, sameLines } from './contract.ts'
import { type Entries, type LogStage, entryLine, resultsIn } from './log-stage.ts'
import { minute } from './sink-checks.ts'
import { type PaneAt, transactionsOf } from './sink-stage.ts'

/** Each with the part of the contract that it is about. A check returns where the log has no such part. */
export const LOG_CHECKS: readonly (readonly [name: string, run: (on: LogStage) => Promise<void>])[] = [
  ['every result is in the partition of its key, in order, as it was written', results],
  ['progress is in every partition, behind the results that it is about', progress],
  ['a read goes on at any offset, and gives at most its limit', offsets],
  ['what is in the log stays as it is', stays],
  ['a read has caught up where nothing more is, and only there', caughtUp],
  ['a read waits for what comes, and not for longer than it is told to', waits],
  ['sessions know nothing of each other', sessions],
  ['what is not there is refused', unknown],
  ['what retention has taken is told', truncated],
  ['nothing is in the log before it is committed', transactions],
]

const KEYS = ['a', 'b', 'c', 'd', 'e', '', 'a:b', 'ä']
const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i)
const panes = (count: number, index = 0): readonly PaneAt[] =>
  range(count).map((i) => ({ key: KEYS[i % KEYS.length] as string, window: minute(i), index }))

/** So many results, and progress behind them. */
async function fill(on: LogStage, count = 40, index = 0): Promise<void> {
  const writing = await on.writer()
  await writing.write(...panes(count, index))
  await writing.progress(60_000 + index)
  await writing.flush()
  await writing.close()
}

async function results(on: LogStage): Promise<void> {
  const reading = await on.open()
  await on.holds(reading, 'before anything was written')
  const writing = await on.writer()
  await writing.write(...panes(30))
  await writing.write(
    { key: 'a', window: minute(-3), index: 4 },
    { key: 'a', window: { start: -5, end: 20 }, kind: 'retraction', index: 2 },
    { key: 'b', kind: 'correction', index: 9 },
    { key: 'b', value: -0.5, index: 300 },
  )
  await writing.flush()
  await on.holds(reading, 'after a flush')
  await writing.write(...panes(30, 1), { key: 'a', window: minute(-3), index: 5 })
  await writing.flush()
  await on.holds(reading, 'after another one')
  await on.holds(await on.open(), 'in another session', 7)
}

async function progress(on: LogStage): Promise<void> {
  const writing = await on.writer()
  const reading = await on.open()
  const watermarks = [-5, 60_000, 1_780_000_000_123, Number.POSITIVE_INFINITY]
  for (const [i, watermark] of watermarks.entries()) {
    await writing.write(...panes(20, i))
    await writing.progress(watermark)
    await writing.flush()
    await on.holds(reading, `before progress to ${watermark}`)
    let last: ReadonlyMap<string, string> = new Map()
    const expected = `progress of '0', one of 1 to ${watermark}`
    await on.patience.until(async () => {
      const found = await reading.everything()
      last = new Map([...found].map(([partition, entries]) => [partition, entries.map(entryLine).at(-1) ?? 'none']))
      return [...last.values()].every((line) => line === expected)
    })
    for (const [partition, line] of last) sameLines(`the last entry of '${partition}'`, [line], [expected])
  }
}

async function offsets(on: LogStage): Promise<void> {
  await fill(on)
  const reading = await on.open()
  for (const [partition, entries] of await on.holds(reading, 'from the beginning', 3)) {
    for (const [i, { offset }] of entries.entries()) {
      const rest = await reading.rest(partition, offset, 1 + (i % 4))
      const what = `'${partition}' from ${offset} on`
      sameLines(what, rest.map(entryLine), entries.slice(i).map(entryLine))
      sameLines(`offsets of ${what}`, rest.map(at), entries.slice(i).map(at))
    }
  }
}

const at = ({ offset }: LogEntry): string => String(offset)

async function stays(on: LogStage): Promise<void> {
  await fill(on, 20)
  const before = await on.holds(await on.open(), 'the first time')
  const lines = linesOf(before)
  await fill(on, 20, 1)
  const after = await on.holds(await on.open(), 'with more behind it')
  sameLines('what was there before', linesOf(after, before), lines)
  sameLines('entries that were read before', linesOf(before), lines)
}

/** As many of each partition as others have. */
function linesOf(found: Entries, others: Entries = found): readonly string[] {
  return [...found].flatMap(([partition, entries]) =>
    entries.slice(0, others.get(partition)?.length).map((each) => `${partition}/${each.offset}: ${entryLine(each)}`),
  )
}

async function caughtUp(on: LogStage): Promise<void> {
  await fill(on)
  const reading = await on.open()
  for (const [partition, entries] of await on.holds(reading, 'at first')) {
    const last = entries.at(-1)?.offset as bigint
    let from = (await reading.bounds(partition)).first
    while (from <= last) {
      const batch = await reading.read(partition, from, 4)
      const behind = batch.entries.at(-1)?.offset ?? from - 1n
      if (batch.caughtUp && behind < last)
        throw new Error(`'${partition}' at ${behind}: found that it has caught up, expected what is up to ${last}`)
      from = batch.next
    }
    const end = async (): Promise<boolean> => {
      const { entries: more, caughtUp: told, next } = await reading.read(partition, from)
      same(`entries of '${partition}' behind its last`, more.length, 0)
      from = next
      return told
    }
    if (!(await on.patience.until(end)))
      throw new Error(`'${partition}' at its end, ${from}: found that it has not caught up, expected that it has`)
  }
}

async function waits(on: LogStage): Promise<void> {
  await fill(on, 10)
  const [reading, writing] = [await on.open(), await on.writer()]
  await on.holds(reading, 'at first')
  for (const [i, partition] of reading.session.partitions.entries()) {
    let from = (await reading.bounds(partition)).end
    const none = await reading.read(partition, from, 10, 1)
    same(`entries of '${partition}' at its end, after 1 ms`, none.entries.length, 0)
    from = none.next
    const found: LogEntry[] = []
    const come = async (): Promise<void> => {
      while (found.length === 0) {
        const { entries, next } = await reading.session.read(partition, from, 10, 60_000)
        found.push(...entries)
        from = next
      }
    }
    const coming = come()
    await writing.progress(70_000 + i)
    await writing.flush()
    await on.patience.within(`a read of '${partition}' that waits`, coming)
    sameLines(`what came in '${partition}'`, found.map(entryLine), [`progress of '0', one of 1 to ${70_000 + i}`])
  }
}

async function sessions(on: LogStage): Promise<void> {
  await fill(on)
  const [one, other] = [await on.open(), await on.open()]
  sameLines('partitions of another session', other.session.partitions, one.session.partitions)
  const [partition = ''] = one.session.partitions
  const { first } = await one.bounds(partition)
  const begun = await one.read(partition, first, 2)
  await on.holds(other, 'while another one reads', 3)
  const { entries } = await one.read(partition, begun.next, 1)
  await one.close()
  await on.holds(other, 'after another one was closed')
  const [, , third] = await other.rest(partition, first, 2)
  sameLines('where the first one was', entries.map(at), third === undefined ? [] : [at(third)])
}

async function unknown(on: LogStage): Promise<void> {
  const { session } = await on.open()
  await refused('reading a partition that is not there', () => session.read('no such partition', 0n, 1, 0))
  await refused('the bounds of a partition that is not there', () => session.bounds('no such partition'))
}

async function truncated(on: LogStage): Promise<void> {
  const { truncate } = on.bench
  if (truncate === undefined) return
  await fill(on)
  const reading = await on.open()
  for (const [partition, entries] of await on.holds(reading, 'at first')) {
    const [first, , third] = entries
    if (first === undefined || third === undefined) continue
    await truncate(partition, third.offset)
    same(`the first offset of '${partition}'`, (await reading.bounds(partition)).first, third.offset)
    const rest = await reading.rest(partition, third.offset)
    sameLines(`'${partition}' behind what was taken`, rest.map(entryLine), entries.slice(2).map(entryLine))
    // In a session that has read it, and in one that has not.
    for (const session of [reading, await on.open()]) {
      const error = await session.read(partition, first.offset).then(
        () => undefined,
        (thrown: unknown) => thrown as { readonly code?: string },
      )
      same(`the code of an offset of '${partition}' that was taken`, error?.code, 'OFFSET_LOST')
    }
  }
}

async function transactions(on: LogStage): Promise<void> {
  if (transactionsOf(on.bench.sink) === undefined) return
  const [writing, reading] = [await on.writer(), await on.open()]
  await writing.write({ key: 'a' })
  await writing.flush()
  await writing.unseen({ key: 'a', index: 1 }, { key: 'b' })
  await on.holds(reading, 'before a transaction is decided')
  await writing.abort()
  await writing.write({ key: 'a', index: 2 })
  await writing.flush()
  const found = await on.holds(reading, 'after one that was aborted')
  same('results in the log', resultsIn(found).length, 2)
}
