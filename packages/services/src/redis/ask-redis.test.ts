import { expect, test } from 'vitest'
import { readReply } from './ask-redis.ts'

const read = (text: string, at = 0): unknown => readReply(Buffer.from(text), at)

test('strings and numbers', () => {
  expect(read('+PONG\r\n')).toEqual({ text: 'PONG', end: 7 })
  expect(read(':12\r\n')).toEqual({ text: '12', end: 5 })
  expect(read('$4\r\na\r\nb\r\n')).toEqual({ text: 'a\r\nb', end: 10 })
  expect(read('+OK\r\n+PONG\r\n', 5)).toEqual({ text: 'PONG', end: 12 })
})

test('what is not whole yet', () => {
  for (const part of ['', '+PON', '$4', '$4\r\na\r\n', '$4\r\na\r\nb\r']) expect(read(part)).toBeUndefined()
})

test('errors and what was not asked for', () => {
  expect(() => read('-NOAUTH Authentication required.\r\n')).toThrow('Redis says NOAUTH')
  expect(() => read('*2\r\n')).toThrow("begins with '*2': expected a string")
  expect(() => read('$-1\r\n')).toThrow("begins with '$-1'")
})
