/** Owns what a source promises: records, offsets, positions, pauses, ends. */
import type { Position } from '@tidemark/core'
import { same } from './contract.ts'
import type { Reading, SourceStage } from './source-stage.ts'

type On = SourceStage<unknown>

/** Each with the part of the contract that it is about. A check returns where the source has no such part. */
export const SOURCE_CHECKS: readonly (readonly [name: string, run: (on: On) => Promise<void>])[] = [
  ['every record comes once, in the order of its split', everyRecord],
  ['a batch holds at most the limit of its poll', limits],
  ['the splits that are there are named at opening', splits],
  ['a description opens readers that know nothing of each other', readers],
  ['a reader goes on from positions, at any record', positions],
  ['a split without a position is read from its beginning', somePositions],
  ['a poll waits for what is not there yet', waits],
  ['a paused split does not deliver until it is resumed', pauses],
  ['resuming ends the wait of a poll', resumes],
  ['a split counts as caught up when it has nothing more, and only then', caughtUp],
  ['a split that is added joins with its first batch', addedSplits],
  ['every split finishes with its last record', finishes],
  ['committed positions are kept, and change nothing else', commits],
  ['a reader closes while a poll waits', closes],
]

async function everyRecord(on: On): Promise<void> {
  await on.fill(25)
  await on.fill(5)
  await (await on.open()).end(7)
}

async function limits(on: On): Promise<void> {
  await on.fill(40)
  const reading = await on.open()
  for (const limit of [1, 2, 5, 1, 3]) await reading.take(limit)
  await reading.end()
}

async function splits(on: On): Promise<void> {
  await on.fill(1, on.splits.slice(0, 1))
  const { reader } = await on.open()
  same('splits at opening', [...reader.splits].sort(), [...on.splits].sort())
}

async function readers(on: On): Promise<void> {
  await on.fill(10)
  const [one, other] = [await on.open(), await on.open()]
  await one.take(3)
  await other.take(4)
  const third = await on.open()
  await one.close()
  await other.take(4)
  await third.end()
  await other.end()
  await (await on.open()).end()
}

/** The offset of each record in order, and the one behind the last. */
function offsetsOf(on: On, reading: Reading<unknown>, split: string): readonly bigint[] {
  const offsets = (on.added.get(split) ?? []).map((number) => reading.offsets.get(number) as bigint)
  return [...offsets, reading.next(split) as bigint]
}

async function positions(on: On): Promise<void> {
  if (!on.bench.source.seekable) return
  const count = 6
  await on.fill(count)
  const whole = await on.open()
  await whole.all(4)
  for (let at = 0; at <= count; at++) {
    // Each split somewhere else.
    const starts = on.splits.map((split, i) => [split, (at + i) % (count + 1)] as const)
    const from = starts.map(([split, n]): Position => ({
      split,
      offset: offsetsOf(on, whole, split)[n] as bigint,
    }))
    const reading = await on.open(from, new Map(starts))
    if (on.bench.bounded === true) await reading.untilFinished()
    else await reading.all()
    for (const [number, offset] of reading.offsets)
      same(`the offset of the record for ${number}, read again`, offset, whole.offsets.get(number))
    await reading.close()
  }
  // Nothing came after what was there.
  await (await on.open(whole.place.positions, whole.place.from)).end()
}

async function somePositions(on: On): Promise<void> {
  const [first, ...others] = on.splits
  if (!on.bench.source.seekable || first === undefined || others.length === 0) return
  await on.fill(6)
  const whole = await on.open()
  await whole.all(2)
  const position = { split: first, offset: offsetsOf(on, whole, first)[4] as bigint }
  await (await on.open([position], new Map([[first, 4]]))).end()
}

async function waits(on: On): Promise<void> {
  if (on.bench.bounded === true) return
  const reading = await on.open()
  for (const split of [...on.splits, ...on.splits]) {
    const polled = reading.poll(10)
    await on.fill(2, [split])
    reading.look(await on.patience.within(`a poll that waited for records of '${split}'`, polled), 10)
    await reading.all()
  }
  await reading.end()
}

async function pauses(on: On): Promise<void> {
  const [first, ...others] = on.splits
  if (first === undefined || others.length === 0) return
  await on.fill(9)
  const reading = await on.open()
  const unpaused = async (limit: number): Promise<void> => {
    while (others.some((split) => reading.left(split) > 0))
      if ((await reading.take(limit)).split === first)
        throw new Error(`found a batch of '${first}' while it was paused, expected none`)
  }
  reading.reader.pause([first])
  await unpaused(4)
  reading.reader.resume([first])
  // A split may be paused that has been read a little, and one that is paused already.
  await reading.take(4)
  if (on.bench.bounded !== true) {
    reading.reader.pause([first])
    reading.reader.pause([first])
    await on.fill(5)
    await unpaused(2)
    reading.reader.resume(on.splits)
  }
  await reading.end()
}

async function resumes(on: On): Promise<void> {
  const [first, other] = on.splits
  if (first === undefined || other === undefined || on.bench.bounded === true) return
  const reading = await on.open()
  await on.fill(1)
  await reading.all()
  reading.reader.pause([first])
  const polled = reading.poll(10)
  await on.fill(3, [first])
  await on.fill(1, [other])
  const batch = reading.look(await on.patience.within(`a poll while '${first}' was paused`, polled), 10)
  same('the split of a batch that came in a pause', batch.split, other)
  const waiting = reading.poll(10)
  reading.reader.resume([first])
  reading.look(await on.patience.within(`a poll that waited until '${first}' was resumed`, waiting), 10)
  await reading.end()
}

async function caughtUp(on: On): Promise<void> {
  await on.fill(12)
  const reading = await on.open()
  const { reader } = reading
  while (on.splits.some((split) => reading.left(split) > 0)) {
    const { split, caughtUp } = await reading.take(5)
    const says = on.splits.filter((name) => reader.caughtUp?.(name) === true)
    for (const name of [...says, ...(caughtUp === true ? [split] : [])])
      if (reading.left(name) > 0)
        throw new Error(`'${name}' counts as caught up: found ${reading.left(name)} records to come, expected none`)
  }
  if (reader.caughtUp === undefined || on.bench.bounded === true) return
  // A source that reads ahead learns it while somebody waits.
  const polled = reading.poll(5)
  for (const split of on.splits) {
    if (!(await on.patience.until(() => reader.caughtUp?.(split) === true)))
      throw new Error(`'${split}', of which everything was read: found that it does not count as caught up`)
  }
  await on.fill(1)
  reading.look(await on.patience.within('a poll that waited', polled), 5)
  await reading.end()
}

async function addedSplits(on: On): Promise<void> {
  const { addSplit } = on.bench
  if (addSplit === undefined) return
  await on.fill(2)
  const reading = await on.open()
  await reading.all()
  const polled = reading.poll(10)
  const split = await addSplit()
  on.added.set(split, [])
  await on.fill(3, [split])
  reading.look(await on.patience.within(`a poll that waited while '${split}' was added`, polled), 10)
  await reading.end()
}

async function finishes(on: On): Promise<void> {
  const { bounded, finish } = on.bench
  if (bounded !== true && finish === undefined) return
  // The others have nothing, and end as well.
  await on.fill(5, on.splits.slice(0, 1))
  const reading = await on.open()
  await reading.take(2)
  await finish?.()
  await reading.untilFinished(2)
  await (await on.open()).untilFinished()
}

async function commits(on: On): Promise<void> {
  const { committed } = on.bench
  await on.fill(6)
  const reading = await on.open()
  const kept = async (): Promise<readonly (readonly [string, bigint])[]> =>
    [...((await committed?.()) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
  const before = await kept()
  await reading.all(2)
  same('positions that are kept before any was committed', await kept(), before)
  await on.patience.within('committing nothing', reading.reader.committed([]))
  same('positions that are kept after committing nothing', await kept(), before)
  for (const n of [2, 2, 5]) {
    const said = on.splits.map((split): Position => ({ split, offset: offsetsOf(on, reading, split)[n] as bigint }))
    await on.patience.within('committing', reading.reader.committed(said))
    if (committed === undefined) continue
    const sorted = said.map(({ split, offset }) => [split, offset] as const).sort(([a], [b]) => (a < b ? -1 : 1))
    same('positions that are kept', await kept(), sorted)
  }
  await reading.end()
}

async function closes(on: On): Promise<void> {
  if (on.bench.bounded === true) return
  const [reading, other] = [await on.open(), await on.open()]
  // What comes of it after that is nobody's; it may fail, or never come.
  void reading.poll(10).catch(() => {})
  const waiting = other.poll(10)
  await reading.close()
  await on.fill(1)
  other.look(await on.patience.within('the poll of another reader', waiting), 10)
  await other.end()
}
