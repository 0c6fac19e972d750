import { describe, expect, test } from 'vitest'
import { StreamError, problem, reasonOf, show } from './stream-error.ts'

test('a problem says what was found, what was expected and what to do, with what is known beside it', () => {
  const cause = new TypeError('no')
  const error = problem(
    'BAD_TABLE',
    "'table' of a store",
    { found: show(''), expected: 'a name', remedy: 'Name one.' },
    { cause, retryable: true, at: { split: '0' } },
  )
  expect(error).toBeInstanceOf(StreamError)
  expect(error).toMatchObject({ code: 'BAD_TABLE', retryable: true, at: { split: '0' }, cause })
  expect(error.message).toBe("'table' of a store: found '', expected a name. Name one.")
  const plain = problem('BAD_TABLE', 'It', { found: "'secret'", expected: 'b', remedy: 'C.' })
  expect(plain).toMatchObject({ retryable: false, at: {}, message: "It: found 'secret', expected b. C." })
  expect(plain).not.toHaveProperty('cause')
})

test('a reason is the name and the message, or the text', () => {
  expect(reasonOf(new RangeError('too far'))).toBe('RangeError: too far')
  expect(reasonOf('gone')).toBe('gone')
  expect(reasonOf(undefined)).toBe('undefined')
})

describe('show', () => {
  const loop: Record<string, unknown> = {}
  loop['self'] = loop
  test.each([
    ['text', "'text'"],
    [5n, '5n'],
    [Number.NaN, 'NaN'],
    [undefined, 'undefined'],
    [null, 'null'],
    [{ a: 1n }, '{"a":"1n"}'],
    [function named() {}, 'function named'],
    [() => {}, 'function (anonymous)'],
    [loop, 'an object that cannot be printed'],
    [Symbol('s'), 'Symbol(s)'],
  ])('%p', (value, shown) => {
    expect(show(value)).toBe(shown)
  })

  test('is never longer than a line', () => {
    expect(show('x'.repeat(500))).toHaveLength(120)
    expect(show('x'.repeat(500))).toMatch(/x\.\.\.$/)
  })
})
