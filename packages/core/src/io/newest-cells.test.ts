import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Cell, compareVersions } from './cell.ts'
import { NewestCells } from './newest-cells.ts'

const cells = fc.array(
  fc.record({
    start: fc.integer({ min: 0, max: 3 }),
    end: fc.integer({ min: 4, max: 12 }),
    correction: fc.constantFrom('', '', 'a', 'b'),
    epoch: fc.nat(1),
    revision: fc.nat(3),
  }),
  { maxLength: 120 },
)

test('of many cells the newest of each place is left, of equal versions the last, in order of first sight', () => {
  fc.assert(
    fc.property(cells, (given) => {
      let newest: NewestCells | undefined
      const expected: Cell[] = []
      for (const [i, each] of given.entries()) {
        const cell: Cell = { ...each, key: new Uint8Array(), value: Uint8Array.of(i) }
        const at = expected.findIndex(
          ({ start, end, correction }) => start === cell.start && end === cell.end && correction === cell.correction,
        )
        if (newest !== undefined) expect(newest.indexOf(cell)).toBe(at)
        if (at < 0) expected.push(cell)
        else if (compareVersions(cell, expected[at] as Cell) >= 0) expected[at] = cell
        if (newest === undefined) newest = new NewestCells(cell)
        else newest.put(cell)
      }
      expect(newest?.cells ?? []).toEqual(expected)
    }),
    { numRuns: 500 },
  )
})
