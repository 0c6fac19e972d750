// An archive and the log behind it keep the contract of sources as one: in the archive, in the log, and over both.
import { type Batch, type MemorySource, type Source, followedBy, memorySource } from '@tidemark/core'
import { type SourceBench, sourceChecks } from '@tidemark/testing'
import { describe, expect, test } from 'vitest'

const fill = (source: MemorySource<number>, split: string, numbers: readonly number[]): void => {
  for (const number of numbers) source.push([number], { split, key: `k${number}`, timestamp: 10 * number })
}
const infoOf = (number: number): { readonly key: string; readonly timestamp: number } => ({
  key: `k${number}`,
  timestamp: 10 * number,
})

/** Ends where it ended when it was opened. */
function ending(source: MemorySource<number>): Source<number> {
  const open: typeof source.open = async (task, at) => {
    const reader = await source.open(task, at)
    source.finish()
    return reader
  }
  return { ...source, open }
}

function inArchive(): SourceBench<number> {
  const [archive, log] = [memorySource<number>({ splits: ['a', 'b'] }), memorySource<number>({ splits: [] })]
  return {
    source: followedBy(ending(archive), ending(log), { from: [] }),
    splits: ['archive:a', 'archive:b'],
    add: (split, numbers) => fill(archive, split.slice('archive:'.length), numbers),
    numberOf: (record) => record,
    infoOf,
    bounded: true,
  }
}

function inLog(): SourceBench<number> {
  const [archive, log] = [memorySource<number>({ splits: [] }), memorySource<number>({ splits: ['x', 'y'] })]
  return {
    source: followedBy(archive, log, { from: [] }),
    splits: ['x', 'y'],
    add: (split, numbers) => fill(log, split, numbers),
    numberOf: (record) => record,
    infoOf,
    finish: () => log.finish(),
    addSplit: () => {
      log.addSplit('z')
      return 'z'
    },
  }
}

/** Both, told of at the beginning: a reader that knows the log's splits before it is opened. */
function overBoth(): SourceBench<number> {
  const [archive, log] = [memorySource<number>({ splits: ['a'] }), memorySource<number>({ splits: ['x', 'y'] })]
  const source = followedBy(ending(archive), ending(log), { from: [] })
  const splits = ['archive:a', 'x', 'y']
  const open: typeof source.open = async (task, at) => {
    const reader = await source.open(task, at)
    const poll = async (limit: number): Promise<Batch<number>> => reader.poll(limit)
    return { ...bound(reader), splits, poll }
  }
  return {
    source: { ...source, open },
    splits,
    add: (split, numbers) => (split === 'archive:a' ? fill(archive, 'a', numbers) : fill(log, split, numbers)),
    numberOf: (record) => record,
    infoOf,
    bounded: true,
  }
}

/** Methods of a class by themselves. */
function bound(reader: Awaited<ReturnType<Source<number>['open']>>): typeof reader {
  return {
    splits: reader.splits,
    poll: (limit) => reader.poll(limit),
    pause: (splits) => reader.pause(splits),
    resume: (splits) => reader.resume(splits),
    ...(reader.caughtUp === undefined ? {} : { caughtUp: reader.caughtUp }),
    committed: (positions) => reader.committed(positions),
    close: () => reader.close(),
  }
}

describe.each([
  ['the archive', inArchive],
  ['the log', inLog],
] as const)('followedBy keeps the contract in %s', (_, make) => {
  test.each(sourceChecks(make, { runs: 300 }))('$name', ({ run }) => run())
})

// The log waits for an archive that is paused: that others go on while one is paused holds in each of them.
const withoutPauses = sourceChecks(overBoth).filter(({ name }) => !/^a paused|^any history/.test(name))

test.each(withoutPauses)('followedBy keeps the contract over both: $name', ({ run }) => run())

test('two checks of a contract are left out over both', () => {
  expect(withoutPauses).toHaveLength(sourceChecks(overBoth).length - 2)
})
