import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { ItemList } from './item-list.ts'

describe('items leave in the order they came', () => {
  const step = fc.oneof(
    fc.record({ does: fc.constant('push' as const), item: fc.integer() }),
    fc.record({ does: fc.constant('pushAll' as const), items: fc.array(fc.integer(), { maxLength: 40 }) }),
    fc.record({ does: fc.constant('take' as const) }),
  )

  test('one by one, many at once, and after more or fewer were taken before', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const list = new ItemList()
        let expected: number[] = []
        for (const one of steps) {
          if (one.does === 'push') {
            list.push(one.item)
            expected.push(one.item)
          } else if (one.does === 'pushAll') {
            list.pushAll([...one.items])
            expected.push(...one.items)
          } else {
            expect(list.size).toBe(expected.length)
            expect(list.take()).toEqual(expected)
            expected = []
          }
        }
        expect(list.take()).toEqual(expected)
      }),
    )
  })

  test('what was taken is not written to any more', () => {
    const list = new ItemList()
    list.push(1)
    const first = list.take()
    list.push(2)
    list.pushAll([3])
    expect([first, list.take(), list.take()]).toEqual([[1], [2, 3], []])
  })
})
