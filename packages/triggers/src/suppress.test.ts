import type { GateContext, PaneGate } from '@tidemark/core'
import { expect, test } from 'vitest'
import { isFrozen } from '../test/window-of.ts'
import { atMostEvery } from './at-most-every.ts'
import { onChange } from './on-change.ts'
import { suppress } from './suppress.ts'

const at = (context: Partial<GateContext>): GateContext => ({
  now: 0,
  watermark: 0,
  held: 0,
  pendingSince: Number.NaN,
  ...context,
})

test('suppress holds until the limit after the first pending record, and is one with its gate', () => {
  const trigger = suppress.untilTimeLimit('10ms', { maxKeys: 5, maxBytes: 1_000, onFull: 'fail' })
  const gate = trigger.gate as PaneGate
  expect(gate.decide(undefined, 1, at({ watermark: 14, pendingSince: 5 }))).toEqual({ holdUntilWatermark: 15 })
  expect(gate.decide(true, 1, at({ watermark: 15, pendingSince: 5 }))).toBe('emit')
  expect(gate.buffer).toEqual({ maxKeys: 5, maxBytes: 1_000, onFull: 'fail' })
  expect([trigger.kind, trigger.emitsAtCompletion, trigger.fastPath]).toEqual([
    'suppress.untilTimeLimit(10ms, { maxKeys: 5, maxBytes: 1000, onFull: fail })',
    false,
    { early: 'perRecord', completion: false, late: 'perRecord' },
  ])
  expect([isFrozen(trigger), isFrozen(suppress)]).toEqual([true, true])
  expect(suppress.untilWindowCloses().kind).toBe('emitOnClose()')
})

test.each([
  [
    { maxKeys: 0, onFull: 'fail' },
    "'maxKeys' of suppress.untilTimeLimit: found 0, expected a whole number of at least 1.",
  ],
  [
    { maxBytes: 1.5, onFull: 'fail' },
    "'maxBytes' of suppress.untilTimeLimit: found 1.5, expected a whole number of at least 1.",
  ],
  [
    { maxKeys: 5 },
    "'onFull' of suppress.untilTimeLimit: found undefined, expected 'emitEarly' or 'fail': say what happens when the buffer is full.",
  ],
  [undefined, /'onFull' of suppress.untilTimeLimit: found undefined/],
])('a buffer of %j is refused', (buffer, message) => {
  const build = (): unknown => suppress.untilTimeLimit('1m', buffer as never)
  expect(build).toThrow(message)
  expect(build).toThrow(expect.objectContaining({ code: 'BAD_BUFFER' }) as Error)
})

test('a limit that is no duration is refused; none at all lets pass what time has reached', () => {
  expect(() => suppress.untilTimeLimit('soon' as never, { onFull: 'fail' })).toThrow(
    /The period of suppress.untilTimeLimit: found 'soon', expected/,
  )
  const gate = suppress.untilTimeLimit('0ms', { onFull: 'fail' }).gate as PaneGate
  expect(gate.decide(undefined, 1, at({ watermark: 5, pendingSince: 5 }))).toBe('emit')
})

test('onChange lets pass what differs from what is shown, by content', () => {
  const gate = onChange()
  const state = gate.emitted(undefined, { n: [1, { of: new Map([['a', Number.NaN]]) }] }, at({}))
  expect(gate.decide(undefined, undefined, at({}))).toBe('emit')
  expect(gate.decide(gate.emitted(undefined, undefined, at({})), undefined, at({}))).toBe('swallow')
  expect(gate.decide(state, { n: [1, { of: new Map([['a', Number.NaN]]) }] }, at({}))).toBe('swallow')
  expect(gate.decide(state, { n: [1, { of: new Map([['a', 0]]) }] }, at({}))).toBe('emit')
  expect(gate.decide(state, { n: [1] }, at({}))).toBe('emit')
  expect([gate.kind, gate.swallows, isFrozen(gate)]).toEqual(['onChange()', true, true])
})

test('atMostEvery holds until a period after the pane before', () => {
  const gate = atMostEvery('10ms')
  expect(gate.decide(undefined, 1, at({ now: 3 }))).toBe('emit')
  const state = gate.emitted(undefined, 1, at({ now: 3 }))
  expect(gate.decide(state, 2, at({ now: 12 }))).toEqual({ holdUntil: 13 })
  expect(gate.decide(state, 2, at({ now: 13 }))).toBe('emit')
  expect([gate.kind, gate.swallows, isFrozen(gate)]).toEqual(['atMostEvery(10ms)', undefined, true])
  expect(() => atMostEvery('0s')).toThrow(/The period of atMostEvery: found '0s', expected/)
})
