/** Triggers and gates of users' own that misbehave: the job stops with the reason or goes on, and loses nothing. */
import {
  type PaneGate,
  StreamError,
  type TimeWindow,
  type Trigger,
  type TriggerStep,
  type WindowAssigner,
  arrivalClock,
  collected,
  latestValues,
  memoryCheckpoints,
  monotonous,
  oneWindow,
  pipeline,
  replay,
  session,
  tumbling,
} from '@tidemark/core'
import { script, simulate, virtualClock } from '@tidemark/testing'
import {
  afterFirst,
  afterProcessingTime,
  afterWatermark,
  everyUpdate,
  never,
  onChange,
  orFinally,
  repeatedly,
} from '@tidemark/triggers'
import { describe, expect, test } from 'vitest'
import { someTurns, until } from '../job/until.ts'

interface Item {
  readonly key: string
  readonly value: number
  readonly at: number
}
const item = (key: string, value: number, at: number): Item => ({ key, value, at })

/** Counts per row, so that a restart has something to go on with; fires for every second record. */
const second: TriggerStep = {
  initial: Object.freeze([0]),
  firesAtCompletion: true,
  endsEarly: false,
  element: (rows, row) => void (rows[row] = (rows[row] as number) + 1),
  fires: (rows, row, at) => at.complete || (rows[row] as number) >= 2,
  fired: (rows, row) => void (rows[row] = 0),
  clear: (rows, row) => void (rows[row] = 0),
  merge: (rows, row, others) => {
    for (const other of others) rows[row] = (rows[row] as number) + (rows[other] as number)
  },
  finished: () => false,
  wakeAt: (_, __, now) => now + 5,
  wakeAtWatermark: (_, __, watermark) => watermark + 5,
}
const triggerOf = (step: Partial<TriggerStep>): Trigger<unknown> => ({
  kind: 'second()',
  emitsAtCompletion: true,
  step: { ...second, ...step },
})

// Sessions that grow and merge, restart after restart; three keys.
const records: readonly Item[] = Array.from({ length: 60 }, (_, i) =>
  item(['a', 'b', 'c'][i % 3] as string, i, 10 * i + (i % 4 === 3 ? -25 : 0)),
)

function line(trigger: Trigger<unknown>, store = latestValues<string, number>()) {
  return {
    store,
    line: pipeline('sums')
      .from(replay(records, { arrivedAt: ({ at }) => at + 30 }))
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .keyBy(({ key }) => key)
      .window(session('20ms') as WindowAssigner<unknown, TimeWindow>, { trigger, allowedLateness: '50ms' })
      .sum(({ value }) => value)
      .to(store),
  }
}
const held = (store: ReturnType<typeof latestValues<string, number>>): readonly string[] =>
  [...store.entries()].map(([key, { start, end }, sum]) => `${key} [${start}, ${end}) ${sum}`).toSorted()

describe('a trigger that throws', () => {
  const functions = ['element', 'fires', 'fired', 'merge', 'finished', 'wakeAt', 'wakeAtWatermark'] as const

  test.each(functions)('in %s: the job stops and says so; mended, it goes on and has lost nothing', async (name) => {
    const calm = line(triggerOf({}))
    await calm.line.start({ clock: arrivalClock() }).done
    const checkpoint = memoryCheckpoints({ everyMs: 20 })
    let left = name === 'merge' ? 3 : 25
    const bad = {
      [name]: (...args: readonly never[]) => {
        if (left-- === 0) throw new RangeError(`no ${name}`)
        return (second[name] as (...all: readonly never[]) => unknown)(...args)
      },
    } as Partial<TriggerStep>
    const { line: failing, store } = line(triggerOf(bad))
    const job = failing.start({ clock: arrivalClock(), checkpoint, batchSize: 2 })
    const error = (await job.done.catch((cause: unknown) => cause)) as StreamError
    expect(error).toBeInstanceOf(StreamError)
    expect(error.code).toBe('TRIGGER_THREW')
    expect(error.message).toBe(
      `The trigger second() of 'window': found that its step threw RangeError: no ${name}, expected it to return. It belongs to no one record, so onError does not apply; the job goes on from what was safe once the trigger is mended.`,
    )
    expect([error.at.operator, (error.cause as Error).message]).toEqual(['window', `no ${name}`])
    expect(job.health().state).toBe('failed')
    const mended = line(triggerOf({}), store)
    await mended.line.start({ clock: arrivalClock(), checkpoint, batchSize: 2 }).done
    expect(held(store)).toEqual(held(calm.store))
    expect(held(store).length).toBeGreaterThan(2)
  })

  test('in clear, which only triggers around it call', () => {
    const part = triggerOf({
      clear: () => {
        throw new Error('no clear')
      },
    })
    const steps = pipeline('p')
      .from<Item>([])
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .keyBy(({ key }) => key)
      .window(tumbling('1s'), { trigger: repeatedly(afterFirst(part, everyUpdate())) })
      .count()
      .to(collected())
    expect(() => simulate(steps, script`a=1@1`, { record: item })).toThrow(
      /TRIGGER_THREW|no clear, expected it to return/,
    )
  })

  test('mended with a state of another size it does not fit what was kept', async () => {
    const checkpoint = memoryCheckpoints()
    await line(triggerOf({})).line.start({ clock: arrivalClock(), checkpoint }).done
    const job = line(triggerOf({ initial: [0, 0] })).line.start({ clock: arrivalClock(), checkpoint })
    await expect(job.done).rejects.toMatchObject({
      code: 'LAYOUT_CHANGED',
      message: expect.stringContaining("trigger state of 'window' was 1 and is 2") as string,
    })
  })

  test('a gate that has changed does not either', async () => {
    const checkpoint = memoryCheckpoints()
    const gated = (gate?: PaneGate) =>
      pipeline('gated')
        .from([1, 2, 3])
        .eventTime({ timestamp: (at) => at, watermark: monotonous() })
        .keyBy(() => 'a')
        .window(tumbling('1s'), { trigger: everyUpdate(), ...(gate === undefined ? {} : { gate }) })
        .count()
        .to(collected())
    await gated(onChange()).start({ checkpoint }).done
    await expect(gated().start({ checkpoint }).done).rejects.toMatchObject({
      code: 'LAYOUT_CHANGED',
      message: expect.stringContaining("gate of 'window' was onChange() and is none") as string,
    })
  })
})

test('a gate that throws stops the job; mended, it goes on and has lost nothing', async () => {
  const checkpoint = memoryCheckpoints({ everyMs: 20 })
  const gated = (decide: PaneGate['decide'], store = latestValues<string, number>()) => ({
    store,
    line: pipeline('gated')
      .from(replay(records, { arrivedAt: ({ at }) => at + 30 }))
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .keyBy(({ key }) => key)
      .window(tumbling('100ms'), {
        trigger: everyUpdate(),
        allowedLateness: '50ms',
        gate: { kind: 'gate', decide, emitted: () => true },
      })
      .sum(({ value }) => value)
      .to(store),
  })
  const hold: PaneGate['decide'] = (_, __, { now }) => (now % 3 === 0 ? 'emit' : { holdUntil: now + 7 })
  const calm = gated(hold)
  await calm.line.start({ clock: arrivalClock() }).done
  let left = 30
  const { line: failing, store } = gated((...args) => {
    if (left-- === 0) throw new Error('no gate')
    return hold(...args)
  })
  const job = failing.start({ clock: arrivalClock(), checkpoint, batchSize: 2 })
  await expect(job.done).rejects.toMatchObject({ code: 'GATE_THREW', at: { operator: 'window' } })
  await gated(hold, store).line.start({ clock: arrivalClock(), checkpoint, batchSize: 2 }).done
  expect(held(store)).toEqual(held(calm.store))
})

describe('a trigger that never fires on an endless window', () => {
  test.each<Trigger<unknown>>([never(), orFinally(never(), never()), triggerOf({ fires: () => false })])(
    '$kind: everything at the end of input, and only then',
    (trigger) => {
      const endless = pipeline('p')
        .from<Item>([])
        .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
        .keyBy(({ key }) => key)
        .window(oneWindow(), { trigger })
        .sum(({ value }) => value)
        .to(collected())
      const steps = script`a=1@1 | b=2@5 | watermark 90 | clock 1h | a=4@100 | watermark 200 | a=8@3 | end`
      const one = simulate(endless, steps, { record: item })
      one.crashAtEveryStep().sameResults()
      expect(one.steps.flatMap(({ panes }, i) => panes.map((pane) => [i, (pane as { value: number }).value]))).toEqual([
        [7, 13],
        [7, 2],
      ])
      expect(one.panes.every((pane) => (pane as { isLast: boolean }).isLast)).toBe(true)
    },
  )
})

describe('a trigger whose times are none', () => {
  const windows: readonly (readonly [string, WindowAssigner<unknown, TimeWindow>])[] = [
    ['tumbling', tumbling('100ms')],
    ['sessions', session('50ms')],
  ]
  const steps = script`watermark 0 | clock 5 | a=1@1 | clock 7 | a=2@9 | watermark 8 | clock 50 | a=4@4 | watermark 200 | end`
  const run = (step: Partial<TriggerStep>, assigner: WindowAssigner<unknown, TimeWindow>) => {
    let asked = 0
    const trigger = triggerOf({
      ...step,
      fires: (rows, row, at) => {
        asked++
        return (step.fires ?? (() => false))(rows, row, at)
      },
    })
    const one = simulate(
      pipeline('p')
        .from<Item>([])
        .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
        .keyBy(({ key }) => key)
        .window(assigner, { trigger })
        .sum(({ value }) => value)
        .to(collected()),
      steps,
      { record: item },
    )
    one.crashAtEveryStep().sameResults()
    expect(one.stateEntries).toBe(0)
    return { asked, values: one.panes.map((pane) => (pane as { value: number }).value) }
  }

  const none = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -5, 0] as const
  test.each(windows.flatMap(([name, assigner]) => none.map((at) => [at, name, assigner] as const)))(
    '%s, for %s: asked no more than it must, nothing lost',
    (at, _, assigner) => {
      const { asked, values } = run({ wakeAt: () => at, wakeAtWatermark: () => at }, assigner)
      expect(values).toEqual([7])
      // Once per record, and at completion; restarts do not count here.
      expect(asked).toBeLessThanOrEqual(2 * 5)
    },
  )

  test.each(windows)('fractions, for %s: over with the whole millisecond', (_, assigner) => {
    const { values } = run(
      {
        fires: (_rows, __, at) => at.now >= 7.5 && !at.complete,
        wakeAt: (_rows, __, now) => (now < 7.5 ? 7.5 : Number.POSITIVE_INFINITY),
        wakeAtWatermark: (_rows, __, watermark) => (watermark < 7.5 ? 7.5 : Number.POSITIVE_INFINITY),
      },
      assigner,
    )
    expect(values).toEqual([3, 7])
  })

  test('now, for ever: a job on a real clock sleeps all the same', async () => {
    const clock = virtualClock(1_000)
    let asked = 0
    const panes = collected<{ readonly value: number }>()
    const trigger = triggerOf({
      fires: () => {
        asked++
        return false
      },
      wakeAt: (_, __, now) => now,
      wakeAtWatermark: (_, __, watermark) => watermark,
    })
    let finish: () => void = () => {}
    const ended = new Promise<void>((resolve) => {
      finish = resolve
    })
    const source = async function* (): AsyncGenerator<Item> {
      yield item('a', 1, 1)
      yield item('a', 2, 2)
      await ended
    }
    const job = pipeline('p')
      .from(source())
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .keyBy(({ key }) => key)
      .window(tumbling('1s'), { trigger })
      .sum(({ value }) => value)
      .to(panes as never)
      .start({ clock })
    await until(() => asked >= 2)
    await someTurns()
    expect([asked, clock.waiting() <= 2]).toEqual([2, true])
    clock.advance('1h')
    await someTurns()
    expect(asked).toBe(2)
    finish()
    await job.done
    expect(panes.items.map(({ value }) => value)).toEqual([3])
  })
})

describe('sessions that become one while their times are waited for', () => {
  const trigger = repeatedly(orFinally(afterProcessingTime('20ms'), afterWatermark()))

  test('the earliest time of all counts, once; nothing of the others is left', () => {
    let wakes = 0
    const told: Trigger<unknown> = {
      ...(trigger as Trigger<unknown>),
      step: {
        ...trigger.step,
        wakeAt: (...args) => {
          wakes++
          return trigger.step.wakeAt?.(...args) ?? Number.POSITIVE_INFINITY
        },
      },
    }
    const merging = pipeline('p')
      .from<Item>([])
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .keyBy(({ key }) => key)
      .window(session('10ms'), { trigger: told })
      .sum(({ value }) => value)
      .to(collected())
    const steps = script`watermark 0 | clock 3 | a=1@10 | clock 5 | a=2@40 | clock 9 | a=4@25 | a=8@18 | a=16@34 | clock 22 | clock 23 | clock 25 | clock 99 | watermark 200 | end`
    const one = simulate(merging, steps, { record: item })
    one.crashAtEveryStep().sameResults()
    expect(one.steps.flatMap(({ panes }, i) => panes.map((pane) => [i, (pane as { value: number }).value]))).toEqual([
      [10, 31],
    ])
    expect(one.stateEntries).toBe(0)
    expect(wakes).toBeLessThan(60)
  })
})
