import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Claim, assignTasks } from './assign-tasks.ts'

const claim = (member: string, tasks: readonly number[], generation = 1): Claim => ({
  member,
  name: member,
  tasks,
  generation,
})
const given = (count: number, ...claims: readonly Claim[]): Record<string, readonly number[]> =>
  Object.fromEntries(assignTasks(count, claims))

describe('who gets what', () => {
  test.each<[string, number, readonly Claim[], Record<string, readonly number[]>]>([
    ['one alone has all', 3, [claim('a', [])], { a: [0, 1, 2] }],
    ['evenly', 5, [claim('a', []), claim('b', [])], { a: [0, 1, 2], b: [3, 4] }],
    ['more members than tasks', 1, [claim('a', []), claim('b', [])], { a: [0], b: [] }],
    ['no tasks', 0, [claim('a', [4])], { a: [] }],
    ['what moves is given to nobody yet', 4, [claim('a', [0, 1, 2, 3]), claim('b', [])], { a: [0, 1], b: [] }],
    ['and then to the newcomer', 4, [claim('a', [0, 1], 2), claim('b', [], 2)], { a: [0, 1], b: [2, 3] }],
    ['who has more keeps more', 3, [claim('a', [0]), claim('b', [1, 2])], { a: [0], b: [1, 2] }],
    ['an older claim is none', 2, [claim('a', [0, 1], 1), claim('b', [0, 1], 2)], { a: [], b: [0] }],
    ['of two equal claims neither holds', 2, [claim('a', [0, 1]), claim('b', [0])], { a: [1], b: [] }],
  ])('%s', (_, count, claims, wanted) => {
    expect(given(count, ...claims)).toEqual(wanted)
  })
})

const members = (ids: readonly string[], tasks: ReadonlyMap<string, readonly number[]>, generation: number): Claim[] =>
  ids.map((id) => claim(id, tasks.get(id) ?? [], generation))

test('whoever comes and goes: no task has two, two rounds give all of them evenly, and no more move than must', () => {
  const crowd = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), { minLength: 1, maxLength: 7 })
  fc.assert(
    fc.property(fc.array(crowd, { minLength: 1, maxLength: 6 }), fc.integer({ min: 0, max: 20 }), (crowds, count) => {
      let held: ReadonlyMap<string, readonly number[]> = new Map()
      let generation = 0
      for (const ids of crowds) {
        const before = new Map(ids.map((id) => [id, held.get(id) ?? []]))
        for (let round = 0; round < 2; round++) {
          const claims = members(ids, round === 0 ? before : held, ++generation)
          held = assignTasks(count, claims)
          const all = [...held.values()].flat()
          expect(new Set(all).size).toBe(all.length)
          for (const { member, tasks } of claims) {
            const others = claims.filter((other) => other.member !== member).flatMap((other) => other.tasks)
            expect((held.get(member) ?? []).filter((task) => others.includes(task))).toEqual([])
            if (round === 1) expect(held.get(member)).toEqual(expect.arrayContaining([...tasks]))
          }
        }
        const sizes = [...held.values()].map(({ length }) => length)
        expect(sizes.reduce((a, b) => a + b, 0)).toBe(count)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        // A member loses tasks only where it has more than its share.
        for (const id of ids) {
          const kept = (before.get(id) ?? []).filter((task) => held.get(id)?.includes(task)).length
          expect(kept).toBeGreaterThanOrEqual(Math.min(before.get(id)?.length ?? 0, Math.floor(count / ids.length)))
        }
      }
    }),
  )
})
