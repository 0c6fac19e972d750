import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DueWheel } from './due-wheel.ts'

const END = Number.POSITIVE_INFINITY
const slot = fc.integer({ min: 0, max: 20 })
const time = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -50, max: 400 }) },
  { weight: 1, arbitrary: fc.constantFrom(END, 1e9, -1e9) },
)
const step = fc.oneof(
  fc.record({ kind: fc.constant('arm' as const), slot, at: time }),
  fc.record({ kind: fc.constant('putOff' as const), slot, by: fc.integer({ min: 0, max: 3_000 }) }),
  fc.record({ kind: fc.constant('leave' as const), slot }),
  fc.record({ kind: fc.constant('take' as const), by: time }),
)

/** A wheel beside a table that is searched. */
class Wheel {
  readonly due: Map<number, number> = new Map()
  readonly wheel: DueWheel
  readonly #armed: Set<number> = new Set()

  constructor(stretchMs: number) {
    this.wheel = new DueWheel({ dueAt: (slot) => this.due.get(slot) ?? Number.NaN }, stretchMs)
  }

  arm(slot: number, at: number): void {
    this.due.set(slot, at)
    this.#armed.add(slot)
    this.wheel.arm(slot, at)
  }

  putOff(slot: number, by: number): void {
    const at = this.due.get(slot)
    if (at !== undefined) this.due.set(slot, at + by)
  }

  leave(slot: number): void {
    this.due.delete(slot)
    this.#armed.delete(slot)
  }

  /** The times of what is due, in the order it comes. */
  taken(by: number): number[] {
    const times: number[] = []
    for (let slot = this.wheel.take(by); slot !== -1; slot = this.wheel.take(by)) {
      expect(this.#armed.delete(slot)).toBe(true)
      times.push(this.due.get(slot) as number)
    }
    return times
  }

  expected(by: number): number[] {
    const times = [...this.#armed].map((slot) => this.due.get(slot) as number)
    return times.filter((at) => at <= by).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  }
}

test('slots come when they are due, however often they were put off, left or armed anew', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 90 }), fc.array(step, { maxLength: 60 }), (stretchMs, steps) => {
      const all = new Wheel(stretchMs)
      for (const one of [...steps, { kind: 'take' as const, by: END }]) {
        if (one.kind === 'arm') all.arm(one.slot, one.at)
        else if (one.kind === 'putOff') all.putOff(one.slot, one.by)
        else if (one.kind === 'leave') all.leave(one.slot)
        else {
          const expected = all.expected(one.by)
          expect(all.wheel.nextAt).toBeLessThanOrEqual(expected[0] ?? END)
          expect(all.taken(one.by)).toEqual(expected)
        }
      }
      expect(all.wheel.nextAt).toBe(END)
    }),
    { numRuns: 1_000 },
  )
})
