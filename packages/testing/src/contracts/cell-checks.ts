/**
 * Owns what hot and cold stores promise alike: cells by key, window and correction, the newest version of each, read by
 * ranges of window ends. What only one of them promises is in the kit of that one.
 */
import type { Cell } from '@tidemark/core'
import { type Bench, type CellTrial, FROM, TO, holds, onBench, sliced } from './cell-bench.ts'
import { cellOf, keyedLine, line, ordered, utf8, withdrawn } from './cells.ts'
import { type ContractCheck, sameLines } from './contract.ts'
import { endsInTheNewest } from './histories.ts'

export function cellChecks(trial: CellTrial): readonly ContractCheck[] {
  const check = (name: string, run: (on: Bench) => Promise<void>): ContractCheck => ({
    name,
    run: () => onBench(trial, name, run),
  })
  return [
    check('a session that is opened later finds what was written', opensLater),
    check('the newest version stays, in whatever order', newestStays),
    check('the newest of several versions in one call stays', newestInOneCall),
    check('an equal version rewrites', equalRewrites),
    check('a withdrawal stays until something newer comes', withdrawals),
    check('corrections stand beside the result', corrections),
    check('a correction that is written again is one', correctionsOnce),
    check('a range is (from, to] over window ends', ranges),
    check('cells come in order of window end, then start', order),
    check('keys are bytes', keysAreBytes),
    check('values are bytes', valuesAreBytes),
    check('aggregation and key do not run into each other', namesAndKeys),
    check('windows may be negative, odd and of any length', oddWindows),
    check('many keys are read in the order asked for', manyKeys),
    check('many cells may come in one call', manyCells),
    check('a slice has every cell of every key once, in parts', slices),
    check('a slice may be left early', leavesSlice),
    check('bytes belong to who gave and who got them', copies),
    {
      name: 'writers and replays in any order end in the newest',
      run: () => onBench(trial, 'histories', (on) => endsInTheNewest(on, trial.chance)),
    },
  ]
}

async function opensLater({ open }: Bench): Promise<void> {
  const cells = [cellOf('a', 1_000, 0), cellOf('a', 2_000, 4)]
  const session = await open()
  await session.write(cells)
  await holds(session, 'the session that wrote', 'a', cells)
  await holds(await open(), 'a session opened later', 'a', cells)
  await holds(session, 'a key that was never written', 'b', [])
}

async function newestStays({ open, store }: Bench): Promise<void> {
  const session = await open()
  // As texts 10 comes before 9, as numbers of 32 bits the last one before all others.
  const versions = [0, 9, 10, 99, 100, 2 ** 31, 2 ** 33].map((revision) => ({ epoch: 0, revision }))
  const epochs = [0, 1, 10].flatMap((epoch) => [0, 7].map((revision) => ({ epoch, revision })))
  for (const of of store.epochZeroOnly ? [versions] : [versions, epochs]) {
    for (const [i, older] of of.entries()) {
      for (const newer of of.slice(i + 1)) {
        const key = `${older.epoch}.${older.revision} ${newer.epoch}.${newer.revision}`
        const [before, after] = [cellOf(key, 1_000, 0, older), cellOf(key, 1_000, 0, newer)]
        const there = [cellOf(key, 2_000, 0, older), cellOf(key, 2_000, 0, newer)] as const
        await session.write([before, there[1]])
        await session.write([after, there[0]])
        const versionsOf = `${key}, older first and newer first`
        await holds(session, versionsOf, key, [after, there[1]])
      }
    }
  }
}

async function newestInOneCall({ open }: Bench): Promise<void> {
  const session = await open()
  const versions = [4, 0, 10, 9, 2].map((revision) => cellOf('a', 1_000, revision))
  await session.write([...versions, cellOf('a', 2_000, 1), ...versions.toReversed()])
  await holds(session, 'versions in one call', 'a', [cellOf('a', 1_000, 10), cellOf('a', 2_000, 1)])
}

async function equalRewrites({ open }: Bench): Promise<void> {
  const session = await open()
  const cells = [cellOf('a', 1_000, 2), withdrawn('a', 2_000, 3), cellOf('a', 3_000, 4)]
  await session.write(cells)
  const again = [cellOf('a', 1_000, 2, { value: utf8('again') }), ...cells.slice(1)]
  await session.write(again)
  await holds(session, 'the same versions again', 'a', again)
}

async function withdrawals({ open }: Bench): Promise<void> {
  const session = await open()
  await session.write([cellOf('a', 1_000, 4), cellOf('a', 2_000, 4)])
  await session.write([withdrawn('a', 1_000, 5), withdrawn('a', 2_000, 5), withdrawn('a', 3_000, 1)])
  await session.write([cellOf('a', 1_000, 4), cellOf('a', 3_000, 0)])
  const standing = [withdrawn('a', 1_000, 5), withdrawn('a', 2_000, 5), withdrawn('a', 3_000, 1)]
  await holds(session, 'older values after a withdrawal', 'a', standing)
  await session.write([cellOf('a', 2_000, 6)])
  await holds(session, 'a newer value', 'a', [standing[0], cellOf('a', 2_000, 6), standing[2]] as Cell[])
}

/** Ids as logs make them, and what else a name may be. */
const CORRECTIONS = ['results-0-17', 'results-0-170', 'a,b:c/d', 'größe 😀', 'x'.repeat(300)]

async function corrections({ open }: Bench): Promise<void> {
  const session = await open()
  const beside = CORRECTIONS.map((correction) => cellOf('a', 1_000, 0, { correction }))
  await session.write([...beside.slice(0, 2), cellOf('a', 1_000, 8)])
  await session.write(beside.slice(2))
  await holds(session, 'before and after the result', 'a', [cellOf('a', 1_000, 8), ...beside])
  await session.write([withdrawn('a', 1_000, 9), cellOf('b', 1_000, 0, { correction: 'alone' })])
  await holds(session, 'after a withdrawal of the result', 'a', [withdrawn('a', 1_000, 9), ...beside])
  await holds(session, 'without a result', 'b', [cellOf('b', 1_000, 0, { correction: 'alone' })])
}

async function correctionsOnce({ open }: Bench): Promise<void> {
  const session = await open()
  const cells = ['x', 'y'].map((correction) => cellOf('a', 1_000, 0, { correction }))
  await session.write([...cells, ...cells])
  await (await open()).write([...cells, cellOf('a', 1_000, 2)])
  await session.write(cells)
  await holds(session, 'after a replay', 'a', [cellOf('a', 1_000, 2), ...cells])
}

async function ranges({ open }: Bench): Promise<void> {
  const session = await open()
  const ends = [-2_000, -1_000, 0, 1_000, 2_000, 150_000, 151_000]
  const cells = ends.map((end) => cellOf('a', end, 0))
  await session.write(cells)
  const bounds = [-200_000, -2_001, -2_000, -1_000, -1, 0, 1, 999, 1_000, 1_001, 149_999, 150_000, 151_000, 200_000]
  for (const from of bounds) {
    for (const to of bounds) {
      const inside = cells.filter(({ end }) => end > from && end <= to)
      await holds(session, `(${from}, ${to}]`, 'a', inside, [from, to])
    }
  }
}

async function order({ open }: Bench): Promise<void> {
  const session = await open()
  const bounds = [
    [0, 5_000],
    [4_000, 5_000],
    [-7_000, 5_000],
    [0, 4_000],
    [-9, -5],
    [-10, -5],
    [3, 200_000],
  ] as const
  const cells = bounds.map(([start, end]) => cellOf('a', end, 0, { start }))
  for (const cell of [...cells, cellOf('a', 5_000, 0, { start: 0, correction: 'x' })]) await session.write([cell])
  const [found = []] = await session.read([utf8('a')], FROM, TO)
  const shown = found.filter(({ correction }) => correction === '').map(line)
  sameLines('windows of a key', shown, ordered(cells).map(line))
  for (const [i, { end, start }] of found.entries()) {
    const next = found[i + 1]
    if (next === undefined || next.end > end || (next.end === end && next.start >= start)) continue
    throw new Error(`with corrections: [${next.start}, ${next.end}) comes after [${start}, ${end})`)
  }
}

/** Empty, long, binary, and ones that are the beginning of others. */
const KEYS: readonly Uint8Array[] = [
  new Uint8Array(0),
  new Uint8Array(1),
  new Uint8Array(2),
  Uint8Array.of(0xff),
  Uint8Array.of(0xff, 0xff),
  Uint8Array.of(0xff, 0),
  // No UTF-8; two that a replacement character would make one.
  Uint8Array.of(0xc3, 0x28),
  Uint8Array.of(0xc3, 0x29),
  Uint8Array.from({ length: 256 }, (_, i) => i),
  utf8('a'),
  utf8('a:'),
  utf8('{a}'),
  utf8('a\r\n'),
  new Uint8Array(60_000).fill(7),
  new Uint8Array(60_000).fill(7).fill(8, 59_999),
]

async function keysAreBytes({ open }: Bench): Promise<void> {
  const session = await open()
  const cells = KEYS.map((key, i) => cellOf(key, 1_000 * (1 + (i % 3)), i))
  await session.write(cells)
  const found = await session.read(KEYS, FROM, TO)
  for (const [i, cell] of cells.entries()) {
    sameLines(`key ${i}, read with others`, (found[i] ?? []).map(keyedLine), [keyedLine(cell)])
    await holds(session, `key ${i}, read alone`, cell.key, [cell])
  }
  await sliced(session, 'a slice', cells, [FROM, TO])
}

async function valuesAreBytes({ open }: Bench): Promise<void> {
  const session = await open()
  const values = [...KEYS, new Uint8Array(200_000).fill(3)]
  const cells = values.map((value, i) => cellOf('a', 1_000 * i, 0, { value }))
  await session.write(cells)
  await holds(session, 'values', 'a', cells)
}

async function namesAndKeys({ open, name }: Bench): Promise<void> {
  const trials = [
    [`${name}-a`, 'b:c'],
    [`${name}-a:b`, 'c'],
    [`${name}-a:`, 'b:c'],
    [name, '-a:b:c'],
  ] as const
  for (const [i, [as, key]] of trials.entries()) await (await open(as)).write([cellOf(key, 1_000, i)])
  for (const [i, [as, key]] of trials.entries()) {
    const session = await open(as)
    await holds(session, `the key '${key}' of '${as}'`, key, [cellOf(key, 1_000, i)])
    await sliced(session, `a slice of '${as}'`, [cellOf(key, 1_000, i)], [FROM, TO])
  }
}

async function oddWindows({ open }: Bench): Promise<void> {
  const session = await open()
  const bounds = [
    [-5, 2],
    [-5, 3],
    [-6, 3],
    [3, 1_007],
    [-250_000, -1],
    [-1, 0],
    [0, 1],
    [-2, -1],
  ] as const
  const cells = bounds.map(([start, end], i) => cellOf('a', end, i, { start }))
  const now = 1_780_000_000_000
  const long = [now - 1, now, now + 40_000].map((end) => cellOf('a', end, 1, { start: -now }))
  await session.write([...cells, ...long])
  await holds(session, 'sessions and windows before 1970', 'a', cells)
  await holds(session, 'windows longer than their distance', 'a', long.slice(1), [now - 1, now + 40_000])
  await sliced(
    session,
    'a slice',
    cells.filter(({ end }) => end <= 0 && end > -3),
    [-3, 0],
  )
}

async function manyKeys({ open }: Bench): Promise<void> {
  const session = await open()
  const key = (i: number): Uint8Array => utf8(`k${i}`)
  const cells = Array.from({ length: 600 }, (_, i) => cellOf(key(i), 1_000 * (i % 5), i))
  await session.write(cells)
  // Not in the order of the bytes, one that is not there, and one that is asked for twice.
  const asked = [...Array.from({ length: 600 }, (_, i) => (i * 7) % 600), 1_000, 3, 3]
  const found = await session.read(asked.map(key), FROM, TO)
  const expected = asked.map((i) => cells.slice(i, i + 1))
  const shown = (of: readonly (readonly Cell[])[]): readonly string[] => of.map((some) => some.map(line).join('; '))
  sameLines('keys', shown(found), shown(expected))
  sameLines('no key', shown(await session.read([], FROM, TO)), [])
}

async function manyCells({ open }: Bench): Promise<void> {
  const session = await open()
  const cells = Array.from({ length: 5_000 }, (_, i) =>
    cellOf(i % 2 === 0 ? 'even' : `odd ${i % 50}`, 100 * (i + 1), 2),
  )
  const older = cells.map((cell) => ({ ...cell, revision: 0, value: utf8('older') }))
  await session.write([...older.slice(0, 1_500), ...cells, ...older.slice(1_500, 3_000)])
  await holds(
    session,
    'a key with 2,500 windows',
    'even',
    cells.filter((_, i) => i % 2 === 0),
    [0, 500_000],
  )
  await sliced(session, 'a slice of 5,000 cells', cells, [0, 500_000])
}

async function slices({ open }: Bench): Promise<void> {
  const session = await open()
  const cells = Array.from({ length: 3_000 }, (_, i) => cellOf(`k${i % 7}`, 100 * (i - 1_500), 0))
  const more = [cellOf('k0', 0, 1, { correction: 'x' }), withdrawn('k1', 100, 3, { start: -7 })]
  await session.write([...cells, ...more])
  const inside = [...cells, ...more].filter(({ end }) => end > -100_000 && end <= 100_000)
  await sliced(session, 'a slice of a part', inside, [-100_000, 100_000])
  let parts = 0
  for await (const part of session.slice(-200_000, 200_000)) parts += part.length > 0 ? 1 : 0
  if (parts < 2) throw new Error(`3,002 cells came in ${parts} part, expected parts of bounded size`)
  await sliced(session, 'an empty slice', [], [5, 5])
}

async function leavesSlice({ open }: Bench): Promise<void> {
  const session = await open()
  const cells = Array.from({ length: 3_000 }, (_, i) => cellOf(`k${i % 7}`, 100 * i, 0))
  await session.write(cells)
  for (let i = 0; i < 5; i++) {
    for await (const part of session.slice(-1, 300_000)) if (part.length > 0) break
  }
  await sliced(session, 'a slice after others were left', cells, [-1, 300_000])
}

async function copies({ open }: Bench): Promise<void> {
  const session = await open()
  const cell = cellOf('a', 1_000, 0, { value: utf8('value') })
  const given = { ...cell, key: cell.key.slice(), value: utf8('value') }
  await session.write([given])
  given.key.fill(1)
  given.value.fill(1)
  await holds(session, 'after the writer used its bytes again', 'a', [cell])
  const [read = []] = await session.read([utf8('a')], FROM, TO)
  for (const { key, value } of read) [key, value].forEach((bytes) => bytes?.fill(2))
  await holds(session, 'after the reader used its bytes again', 'a', [cell])
}
