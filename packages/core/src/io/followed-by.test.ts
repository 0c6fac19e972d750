import { describe, expect, test } from 'vitest'
import { collected } from './memory-sinks.ts'
import { memorySource } from './memory-source.ts'
import { replay } from './inputs.ts'
import { followedBy } from './followed-by.ts'
import { pipeline, tumbling, monotonous, type LateRecord, type Pane } from '../index.ts'
import type { Position } from './meta.ts'
import type { SourceReader } from './source.ts'

const FROM = [
  { split: 'a', offset: 3n },
  { split: 'b', offset: 2n },
]
/** What the log had; the first three of a and the first two of b are in the archive. */
const A = [1, 4, 7, 21, 24]
const B = [2, 5, 12, 13]

function both(): ReturnType<typeof followedBy<number, number>> {
  const log = memorySource<number>({ splits: ['a', 'b'] })
  log.push(A, { split: 'a' })
  log.push(B, { split: 'b' })
  log.finish()
  return followedBy(replay([1, 2, 4, 5, 7], { arrivedAt: (at) => at }), log, { from: FROM })
}

const TASK = { id: '0', signal: new AbortController().signal }

async function read(reader: SourceReader<number>, limit: number): Promise<[number[], Map<string, bigint>, string[]]> {
  const found: number[] = []
  const positions = new Map<string, bigint>()
  const finished: string[] = []
  while (finished.length < 3) {
    const batch = await reader.poll(limit)
    found.push(...batch.records)
    positions.set(batch.split, batch.next)
    if (batch.finished === true) finished.push(batch.split)
  }
  return [found, positions, finished]
}

describe('followedBy', () => {
  test('every record once, the archive first; its last split ends when every split of the log has said something', async () => {
    const [found, , finished] = await read(await both().open(TASK), 1)
    expect(found.slice(0, 5)).toEqual([1, 2, 4, 5, 7])
    expect(found.slice(5).toSorted((a, b) => a - b)).toEqual([12, 13, 21, 24])
    expect(finished).toContain('archive:0')
  })

  test.each([1, 2, 3, 5, 6, 7, 8, 9])('goes on after %i batches where it was', async (cut) => {
    const source = both()
    const reader = await source.open(TASK)
    const found: number[] = []
    const at = new Map<string, bigint>()
    for (let n = 0; n < cut; n++) {
      const batch = await reader.poll(1)
      found.push(...batch.records)
      at.set(batch.split, batch.next)
    }
    const positions: Position[] = [...at].map(([split, offset]) => ({ split, offset }))
    await reader.close()
    const [rest] = await read(await source.open(TASK, positions), 1)
    expect([...found, ...rest].toSorted((a, b) => a - b)).toEqual([1, 2, 4, 5, 7, 12, 13, 21, 24])
  })

  test('no record of the log is late because another split was read first', async () => {
    const [late, results] = [collected<LateRecord<number>>(), collected<Pane<string, number>>()]
    await pipeline('p')
      .from(both())
      .eventTime({ timestamp: (at) => at, watermark: monotonous() })
      .keyBy(() => 'k')
      .window(tumbling('10ms'))
      .lateTo(late)
      .count()
      .to(results)
      .start({ batchSize: 1 }).done
    expect(late.items).toEqual([])
    expect(results.items.map((pane) => pane.kind === 'value' && [pane.window.start, pane.value])).toEqual([
      [0, 5],
      [10, 2],
      [20, 2],
    ])
  })

  test('a log that cannot seek, and a split that is named twice, are refused', () => {
    const code = expect.objectContaining({ code: 'BAD_ARCHIVE' })
    const log = memorySource<number>({ splits: ['a'] })
    expect(() => followedBy(replay([1], { arrivedAt: () => 0 }), { ...log, seekable: false }, { from: [] })).toThrow(
      code,
    )
    expect(() => followedBy(log, log, { from: [...FROM, ...FROM] })).toThrow(code)
  })
})
