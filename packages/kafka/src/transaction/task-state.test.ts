import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TaskState, stateOf } from './task-state.ts'

const SLICE_BYTES = 512 * 1024

/** A topic as compaction leaves it, and the state that is written to it. */
class Log {
  readonly records = new Map<string, Uint8Array>()
  readonly state = new TaskState(this.records)

  /** Writes a state; gives back the keys that were written, `-` before those that are gone. */
  write(state: unknown, commits = true): readonly string[] {
    const keys: string[] = []
    for (const { key, value } of this.state.changes(state)) {
      keys.push(value === null ? `-${key}` : key)
      if (value === null) this.records.delete(key)
      else this.records.set(key, new Uint8Array(value))
    }
    if (commits) this.state.committed()
    return keys
  }
}

test('a state that has not changed writes nothing, and any state comes back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.anything({ withBigInt: true, withDate: true, withMap: true }), { maxLength: 5 }),
      (states) => {
        const log = new Log()
        for (const state of states) {
          log.write(state)
          expect(log.write(state)).toEqual([])
          expect(stateOf(log.records)).toEqual(state)
          expect(new TaskState(log.records).changes(state).next().done).toBe(true)
        }
      },
    ),
  )
})

test('no records are no state', () => {
  expect(stateOf(new Map())).toBeUndefined()
})

test('what is too large for a record lies in several: only those that changed are written, those too many are gone', () => {
  const log = new Log()
  const bytes = randomBytes(SLICE_BYTES * 3)
  expect(log.write(bytes)).toEqual(['state', 'state#1', 'state#2', 'state#3'])
  for (const value of log.records.values()) expect(value.length).toBeLessThanOrEqual(SLICE_BYTES + 16)
  expect(stateOf(log.records)).toEqual(bytes)

  const changed = Buffer.from(bytes)
  changed[SLICE_BYTES * 2] = (changed[SLICE_BYTES * 2] as number) ^ 1
  expect(log.write(changed)).toEqual(['state#2'])
  expect(stateOf(log.records)).toEqual(changed)

  expect(log.write(changed.subarray(0, SLICE_BYTES))).toEqual(['state', 'state#1', '-state#2', '-state#3'])
  expect(stateOf(log.records)).toEqual(changed.subarray(0, SLICE_BYTES))
  expect(log.write('small')).toEqual(['state', '-state#1'])
})

test('what was saved twice before the commit is compared with what was saved last', () => {
  const log = new Log()
  log.write('a')
  expect(log.write('b', false)).toEqual(['state'])
  expect(log.write('b', false)).toEqual([])
  expect(log.write('a')).toEqual(['state'])
  expect(stateOf(log.records)).toBe('a')
})

test('what cannot be cloned is named', () => {
  expect(() => [...new TaskState(new Map()).changes({ f: () => 1 })]).toThrow(
    expect.objectContaining({ code: 'CHECKPOINT_NOT_PLAIN' }),
  )
})

describe('records that are no state are refused', () => {
  const whole = new Log()
  whole.write(randomBytes(SLICE_BYTES * 2))
  const without = (key: string) => new Map([...whole.records].filter(([name]) => name !== key))
  test.each<[string, ReadonlyMap<string, Uint8Array>, string]>([
    ['a format of tomorrow', new Map([['state', Uint8Array.of(2, 0, 0, 0, 1, 0)]]), "format 2 at 'state'"],
    ['an empty value', new Map([['state', new Uint8Array(0)]]), "format nothing at 'state'"],
    ['text of somebody else', new Map([['user-7', Buffer.from('{"a":1}')]]), "format 123 at 'user-7'"],
    ['a slice that is gone', without('state#1'), "no slice 1 of 'state'"],
    ['a part whose head is gone', new Map([['state/task', whole.records.get('state') as Uint8Array]]), ''],
  ])('%s', (_, records, found) => {
    const read = (): unknown =>
      stateOf(new Map([...records].map(([key, value]) => [key, key === 'state/task' ? headOf('x') : value])))
    expect(read).toThrow(expect.objectContaining({ code: 'KAFKA_CHANGELOG' }))
    expect(read).toThrow(found)
  })
})

/** The record of a small state. */
function headOf(state: unknown): Uint8Array {
  const log = new Log()
  log.write(state)
  return log.records.get('state') as Uint8Array
}
