import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sameValue } from './same-value.ts'

describe('sameValue', () => {
  class A {
    readonly n: number = 1
  }
  class B {
    readonly n: number = 1
  }
  const different: [unknown, unknown][] = [
    [1, '1'],
    [1, 1n],
    [0, null],
    [null, undefined],
    [null, {}],
    [[1], [2]],
    [[1], [1, 2]],
    [[1, 2], [1]],
    [[undefined], Array(1)],
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ a: 1, b: 1 }, { a: 1 }],
    [{ a: undefined }, { b: undefined }],
    [[], {}],
    [new Map([[1, 2]]), new Map([[1, 3]])],
    [new Set([1]), new Set([2])],
    [new Set([1]), new Map([[1, 1]])],
    [new Date(0), new Date(1)],
    [Uint8Array.of(1), Uint8Array.of(2)],
    [Uint8Array.of(1), Int8Array.of(1)],
    [Uint8Array.of(1), [1]],
    [new A(), new B()],
    [Number.NaN, 0],
    [{ a: { b: [1] } }, { a: { b: [2] } }],
  ]
  test.each(different)('%o differs from %o', (a, b) => {
    expect(sameValue(a, b)).toBe(false)
    expect(sameValue(b, a)).toBe(false)
  })

  test('a value is the same as its copy', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
    })
    fc.assert(fc.property(fc.clone(anything, 2), ([a, b]) => sameValue(a, b)))
    expect(
      sameValue([0, Number.NaN, new Date(Number.NaN), new A()], [-0, Number.NaN, new Date(Number.NaN), new A()]),
    ).toBe(true)
  })
})
