/**
 * finalize, as a property against a walk through the script: the newest update of each key and window by arrival is
 * released once, late ones are passed on, later ones counted, and what an update deletes is withdrawn.
 */
import { type Pane, type Pipeline, collected, monotonous, ms, pipeline } from '@tidemark/core'
import { type Script, play, samePanes, scripts } from '@tidemark/testing'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { oneByOne } from './cuts.ts'
import { LAW_MS, tryLaw } from './law.ts'
import { type Item, item } from './shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

interface How {
  readonly lagMs: number
  readonly latenessMs: number
  readonly deletes: boolean
  readonly closing: 'always' | 'nonEmpty'
}
const hows: fc.Arbitrary<How> = fc.record({
  lagMs: fc.integer({ min: 0, max: 15 }),
  latenessMs: fc.constantFrom(0, 5, 40, 40),
  deletes: fc.boolean(),
  closing: fc.constantFrom('always', 'nonEmpty'),
})

/** The update's own statement, which need not hold its time. */
const windowOf = ({ value, at }: Item): { readonly start: number; readonly end: number } => {
  const start = (Math.floor(at / 30) - (((value % 5) + 5) % 5 === 0 ? 1 : 0)) * 30
  return { start, end: start + 30 }
}
const isGone = ({ value }: Item): boolean => value % 2 === 0

function line({ lagMs, latenessMs, deletes, closing }: How): Pipeline<Pane<string, Item>, Item> {
  return pipeline('finalize')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .finalize({
      window: windowOf,
      lag: ms(lagMs),
      allowedLateness: ms(latenessMs),
      closing,
      ...(deletes ? { deleted: isGone } : {}),
      lateTo: collected(),
    })
    .to(collected()) as never
}

interface State {
  newest: Item
  pending: boolean
  released: boolean
  shown: number | undefined
}

/** What comes of each step, per key and window: values, what is withdrawn with a minus; and how many are too late. */
function walk(script: Script, { lagMs, latenessMs, deletes, closing }: How) {
  const live = new Map<string, State>()
  let watermark = Number.NEGATIVE_INFINITY
  let tooLate = 0
  const steps = script.steps.map((step): readonly string[] => {
    const out: string[] = []
    const show = (name: string, state: State): void => {
      const value = deletes && isGone(state.newest) ? undefined : state.newest.value
      if (value !== undefined) out.push(`${name} ${value}`)
      else if (state.shown !== undefined) out.push(`${name} -(${state.shown})`)
      Object.assign(state, { shown: value, pending: false })
    }
    if (step.kind === 'records')
      for (const { key, value, at } of step.records) {
        const newest = item(key, value, at)
        const { start, end } = windowOf(newest)
        if (watermark - lagMs >= end + latenessMs) {
          tooLate++
          continue
        }
        const name = `${key} ${start}`
        const state = live.get(name) ?? { newest, pending: true, released: watermark - lagMs >= end, shown: undefined }
        live.set(name, Object.assign(state, { newest, pending: true }))
        if (state.released) show(name, state)
      }
    if (step.kind === 'watermark') watermark = Math.max(watermark, step.at)
    if (step.kind === 'end') watermark = Number.POSITIVE_INFINITY
    for (const [name, state] of live) {
      const end = windowOf(state.newest).end
      if (watermark - lagMs < end) continue
      const freed = watermark - lagMs >= end + latenessMs
      const due = !state.released && state.pending
      state.released = true
      if (due || (freed && closing === 'always')) show(name, state)
      if (freed) live.delete(name)
    }
    return out.toSorted()
  })
  return { steps, tooLate }
}

test('the newest is released, late updates are passed on, later ones counted', () => {
  const seen = { values: 0, withdrawn: 0, tooLate: 0 }
  tryLaw(3_000, fc.tuple(hows, scripts({ keys: 1, maxRecords: 25 })), ([how, script]) => {
    const { steps, engine } = play(line(how), script, item)
    const expected = walk(script, how)
    const found = steps.map(({ panes }) =>
      panes
        .map((pane) => {
          const { key, window, kind, value } = pane as Extract<typeof pane, { readonly value: unknown }>
          return `${key} ${window.start} ${kind === 'retraction' ? `-(${value.value})` : value.value}`
        })
        .toSorted(),
    )
    expect(found).toEqual(expected.steps)
    const stage = engine.windows[0]?.operator.stage
    expect([stage?.counters.tooLate, stage?.entries]).toEqual([expected.tooLate, 0])
    expect(steps.flatMap(({ late }) => late)).toHaveLength(expected.tooLate)
    seen.tooLate += expected.tooLate
    for (const text of expected.steps.flat()) seen[text.endsWith(')') ? 'withdrawn' : 'values']++
  })
  for (const [what, count] of Object.entries(seen)) expect([what, count > 40]).toEqual([what, true])
})

test('batches and restarts change nothing', () => {
  tryLaw(500, fc.tuple(hows, scripts({ maxRecords: 20 })), ([how, script]) => {
    const run = (options: Parameters<typeof play>[3]): readonly unknown[] =>
      play(line(how), script, item, options).steps.flatMap(({ panes, late }) => [...panes, ...late])
    const whole = run({})
    samePanes(whole, run({ batches: oneByOne, drainLimit: 1 }), 'record by record')
    samePanes(whole, run({ crash: true }), 'with a cut after every step')
  })
})
