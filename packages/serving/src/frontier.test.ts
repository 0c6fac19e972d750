import type { LoggedProgress } from '@tidemark/core'
import { expect, test } from 'vitest'
import { Frontier } from './frontier.ts'
import { type PartitionRecord, coldFrontier, decodeRegister, encodeRegister } from './registers.ts'

const say = (task: string, watermark: number, more: Partial<LoggedProgress> = {}): LoggedProgress => ({
  kind: 'progress',
  offset: 0n,
  task,
  watermark,
  tasks: 2,
  idle: false,
  ...more,
})

test('a frontier is known when every task has reported, is the least of those not idle, and never goes back', () => {
  const frontier = new Frontier()
  frontier.report(say('a', 10))
  expect(frontier.now).toBe(Number.NEGATIVE_INFINITY)
  frontier.report(say('b', 5))
  expect(frontier.now).toBe(5)
  frontier.report(say('b', 5, { idle: true }))
  expect(frontier.now).toBe(10)
  frontier.report(say('b', 7))
  expect(frontier.now).toBe(10)
})

test('the end of the input is no time, and may turn out to be none', () => {
  const frontier = new Frontier()
  for (const task of ['a', 'b']) frontier.report(say(task, 10))
  for (const task of ['a', 'b']) frontier.report(say(task, Number.POSITIVE_INFINITY))
  expect([frontier.watermark, frontier.ended, frontier.now]).toEqual([10, true, Number.POSITIVE_INFINITY])
  for (const task of ['a', 'b']) frontier.report(say(task, 20))
  expect([frontier.watermark, frontier.ended]).toEqual([20, false])
})

test('C is the least of all partitions; one that has ended holds nothing back; registers survive their bytes', () => {
  const record = (partition: string, complete: number, ended: boolean): PartitionRecord => ({
    partition,
    resume: 3n,
    covered: 4n,
    complete,
    lastEnd: 60,
    at: 70,
    goneTo: Number.NEGATIVE_INFINITY,
    frontier: { watermark: 50, ended, tasks: new Map([['a', { watermark: Number.POSITIVE_INFINITY, idle: false }]]) },
  })
  expect(coldFrontier([record('0', 40, false), record('1', 10, true)])).toMatchObject({
    complete: 40,
    watermark: 50,
    ended: false,
  })
  expect(coldFrontier([record('0', 40, true), record('1', 10, true)])).toMatchObject({
    complete: 60,
    watermark: 60,
    ended: true,
  })
  expect(coldFrontier([record('0', 40, false), undefined]).complete).toBe(Number.NEGATIVE_INFINITY)
  expect(decodeRegister('x', encodeRegister(record('0', Number.NEGATIVE_INFINITY, true)))).toEqual(
    record('0', Number.NEGATIVE_INFINITY, true),
  )
  expect(() => decodeRegister('x', Uint8Array.of(1))).toThrow(/register 'x'/)
})
