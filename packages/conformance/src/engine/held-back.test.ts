/** What a buffer holds back over all keys: its bounds, what leaves first, and that nothing is lost on the way. */
import {
  type GateBuffer,
  type PaneGate,
  StreamError,
  type TimeWindow,
  type Trigger,
  type WindowAssigner,
  arrivalClock,
  collected,
  engineOf,
  hopping,
  latestValues,
  memoryCheckpoints,
  monotonous,
  ms,
  pipeline,
  policy,
  replay,
  session,
  slidingByRecord,
  tumbling,
} from '@tidemark/core'
import { type Script, script, scriptOf as scriptOfSteps, simulate } from '@tidemark/testing'
import { emitOnClose, everyUpdate, suppress } from '@tidemark/triggers'
import { describe, expect, test } from 'vitest'

interface Item {
  readonly key: string
  readonly value: number
  readonly at: number
}
const item = (key: string, value: number, at: number): Item => ({ key, value, at })

interface Options {
  readonly trigger: Trigger<TimeWindow>
  readonly windows?: WindowAssigner<unknown, TimeWindow>
  readonly gate?: PaneGate
  readonly latenessMs?: number
  readonly of?: (item: Item) => number
}

function lineOf({ trigger, windows = tumbling('100ms'), gate, latenessMs = 0 }: Options) {
  return pipeline('buffers')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .window(windows, { trigger, allowedLateness: ms(latenessMs), ...(gate === undefined ? {} : { gate }) })
    .sum(({ value }) => value)
    .to(collected())
}

/** `step: key value [start`, what is withdrawn with a minus. Restarts after every step change nothing. */
function run(steps: Script, options: Options): readonly string[] {
  const one = simulate(lineOf(options), steps, { record: item })
  one.crashAtEveryStep().sameResults()
  expect(one.stateEntries).toBe(0)
  return one.steps.flatMap(({ panes }, i) =>
    panes.map((pane) => {
      const { key, window, value, kind } = pane as { key: string; window: TimeWindow; value: number; kind: string }
      return `${i}: ${key} ${kind === 'retraction' ? '-' : ''}${value} [${window.start}`
    }),
  )
}

const until = (limit: number, buffer: Partial<GateBuffer> = {}): Trigger<TimeWindow> =>
  suppress.untilTimeLimit(ms(limit), { onFull: 'emitEarly', ...buffer })

describe('the time limit', () => {
  test('counts in event time from the first record that is pending, and leaves with the newest value', () => {
    const steps = script`watermark 0 | a=1@3 | a=2@9 | watermark 12 | watermark 13 | a=4@14 | watermark 23 | watermark 24 | end`
    expect(run(steps, { trigger: until(10) })).toEqual(['4: a 3 [0', '7: a 7 [0'])
  })

  test('at the latest when the window is freed, and not at its completion', () => {
    const steps = script`watermark 0 | a=1@90 | watermark 100 | a=2@91 | watermark 104 | watermark 105 | end`
    expect(run(steps, { trigger: until(500), latenessMs: 5 })).toEqual(['5: a 3 [0'])
  })

  test('of sessions that become one the earliest counts; what has left does not, and is withdrawn in time', () => {
    const windows = session('5ms')
    const both = script`watermark 0 | a=1@10 | a=2@4 | a=4@7 | watermark 13 | watermark 14 | watermark 15 | end`
    expect(run(both, { trigger: until(10), windows })).toEqual(['5: a 7 [4'])
    const left = script`watermark 0 | a=1@4 | watermark 5 | a=2@12 | a=4@8 | watermark 12 | watermark 13 | end`
    expect(run(left, { trigger: until(1), windows })).toEqual(['2: a 1 [4', '5: a -1 [4', '6: a 7 [4'])
  })

  test('of a window that is made of records that came before, the earliest of them counts', () => {
    // The record at 3 makes [4, 9), which holds the one at 6 already.
    const steps = script`watermark 0 | a=1@6 | a=2@3 | watermark 8 | watermark 9 | end`
    expect(run(steps, { trigger: until(2), windows: slidingByRecord('5ms') })).toEqual([
      '3: a 2 [-1',
      '3: a 3 [2',
      '3: a 1 [4',
    ])
  })
})

describe('maxKeys', () => {
  test('emitEarly: those leave that have waited longest, by event time and then by arrival', () => {
    const steps = script`watermark 0 | a=1@8 | b=2@5 | c=4@5 | d=8@9 | e=16@1 | end`
    expect(run(steps, { trigger: until(90, { maxKeys: 2 }) })).toEqual([
      '3: b 2 [0',
      '4: c 4 [0',
      '5: e 16 [0',
      '6: a 1 [0',
      '6: d 8 [0',
    ])
  })

  test('an update of what is held takes no more room', () => {
    const steps = script`watermark 0 | a=1@8 | b=2@5 | a=4@1 | b=8@2 | end`
    expect(run(steps, { trigger: until(90, { maxKeys: 2 }) })).toEqual(['5: a 5 [0', '5: b 10 [0'])
  })

  test('what time lets go makes room first', () => {
    const steps = script`watermark 0 | a=1@1 | b=2@2 | watermark 12 | c=4@12 | d=8@13 | end`
    expect(run(steps, { trigger: until(10, { maxKeys: 2 }) })).toEqual([
      '3: a 1 [0',
      '3: b 2 [0',
      '6: c 4 [0',
      '6: d 8 [0',
    ])
    const one = simulate(
      lineOf({ trigger: until(10, { maxKeys: 2, onFull: 'fail' }) }),
      script`watermark 0 | a=1@1 | b=2@2 | watermark 12 | c=4@12 | d=8@13`,
      { record: item },
    )
    expect(one.stateEntries).toBe(4)
  })

  test('ties over several windows leave in the order they were held, after a restart as well', () => {
    const windows = hopping('20ms', { every: '10ms' })
    const steps = script`watermark 0 | a=1@15 | b=2@15 | c=4@15 | d=8@15 | watermark 1 | end`
    const panes = run(steps, { trigger: until(90, { maxKeys: 3 }), windows })
    expect(panes.slice(0, 5)).toEqual(['2: a 1 [0', '3: a 1 [10', '3: b 2 [0', '4: b 2 [10', '4: c 4 [0'])
  })

  test('sessions that become one take the place of one, and theirs is free', () => {
    const steps = script`watermark 0 | a=1@10 | a=2@20 | b=4@50 | a=8@15 | c=16@55 | end`
    const options = { trigger: until(90, { maxKeys: 3 }), windows: session('5ms') }
    expect(run(steps, options).filter((pane) => !pane.startsWith('6'))).toEqual([])
    expect(run(steps, { ...options, trigger: until(90, { maxKeys: 2 }) })[0]).toBe('3: a 1 [10')
  })

  test('many that wait since the same time leave one by one at no more cost', () => {
    const line = lineOf({ trigger: until(90, { maxKeys: 20_000 }) })
    const records = Array.from({ length: 60_000 }, (_, i) => ({ split: '0', key: `k${i}`, value: 1, at: 5 }))
    const { panes } = simulate(line, scriptOfSteps([{ kind: 'records', records }]), { record: item })
    expect(panes).toHaveLength(40_000)
    expect((panes.at(-1) as { readonly key: string }).key).toBe('k39999')
  })

  test('fail: says how many were found, how many fit and what to do', () => {
    const line = lineOf({ trigger: until(90, { maxKeys: 2, onFull: 'fail' }) })
    const failing = (): unknown => simulate(line, script`watermark 0 | a=1@1 | b=1@1 | c=1@1`, { record: item })
    expect(failing).toThrow(StreamError)
    expect(failing).toThrow(
      "The buffer of suppress.untilTimeLimit(90ms, { maxKeys: 2, onFull: fail }) in 'window': found 3 results held back, expected at most maxKeys = 2. Raise the bound, or let the oldest leave with onFull: 'emitEarly': either goes on from the last checkpoint.",
    )
  })
})

describe('maxBytes', () => {
  /** What one held value of this key takes. */
  const least = (key: string): number => {
    for (let maxBytes = 1; maxBytes < 200; maxBytes++) {
      const line = lineOf({ trigger: until(90, { maxBytes, onFull: 'fail' }) })
      try {
        simulate(line, scriptOf(key), { record: item })
        return maxBytes
      } catch (error) {
        expect((error as StreamError).message).toMatch(
          new RegExp(`found \\d+ bytes of results held back, expected at most maxBytes = ${maxBytes}\\.`),
        )
      }
    }
    return expect.unreachable('no room is enough') as never
  }
  const scriptOf = (key: string): Script => script(`watermark 0 | ${key}=1@1`)

  test('counts keys and values as they would be stored', () => {
    expect(least('a')).toBeGreaterThan(1)
    expect(least('abcdefgh') - least('a')).toBe(7)
  })

  test('emitEarly: as many leave as must', () => {
    const bytes = least('a')
    const steps = script`watermark 0 | a=1@1 | b=2@2 | c=4@3 | ${'abcdefghijklmnopqrstuvwx'}=8@4 | end`
    expect(run(steps, { trigger: until(90, { maxBytes: 2 * bytes }) })).toEqual([
      '3: a 1 [0',
      '4: b 2 [0',
      '4: c 4 [0',
      '4: abcdefghijklmnopqrstuvwx 8 [0',
    ])
  })

  test('a session that took in another takes the room of one, and the room of the other is counted anew', () => {
    const trigger = until(90, { maxBytes: 2 * least('a') })
    const steps = script`watermark 0 | a=1@10 | a=2@20 | a=4@15 | b=1@50 | c=1@60 | d=1@70 | end`
    expect(run(steps, { trigger, windows: session('5ms') }).slice(0, 2)).toEqual(['5: a 7 [10', '6: b 1 [50'])
  })

  test('what has left, was freed or became part of another takes none', () => {
    const bytes = least('a')
    const full = until(20, { maxBytes: 2 * bytes, onFull: 'fail' })
    const windows = session('5ms')
    const steps = script`watermark 0 | a=1@10 | a=2@20 | a=4@15 | b=1@16 | watermark 30 | a=1@31 | b=1@31 | watermark 90 | a=1@91 | b=1@91 | end`
    expect(run(steps, { trigger: full, windows })).toHaveLength(6)
  })
})

describe('a buffer of another gate', () => {
  const lastOne: PaneGate = {
    kind: 'until twelve',
    buffer: { maxKeys: 1, onFull: 'emitEarly' },
    decide: (_, __, { watermark, pendingSince }) => {
      expect(pendingSince).toBeGreaterThanOrEqual(0)
      return watermark >= 12 ? 'emit' : { holdUntilWatermark: 12 }
    },
    emitted: () => true,
  }

  test('stands behind a policy that shows nothing before completion', () => {
    const lateOnly: Trigger<TimeWindow> = policy({
      kind: 'late only',
      fastPath: { early: 'never', completion: false, late: 'perRecord' },
    })
    const steps = script`watermark 0 | a=1@1 | b=1@2 | watermark 10 | a=2@3 | b=4@4 | watermark 12 | a=8@5 | watermark 15 | end`
    const options = { windows: tumbling('10ms'), gate: lastOne, latenessMs: 5 }
    expect(run(steps, { trigger: lateOnly, ...options })).toEqual(['5: a 3 [0', '6: b 5 [0', '7: a 11 [0'])
    expect(run(steps, { trigger: emitOnClose(), ...options })).toEqual(['8: a 11 [0', '8: b 5 [0'])
  })
})

test('what leaves for want of room goes on to windows over it in the same step, withdrawals too', () => {
  const line = pipeline('buffers')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .window(tumbling('100ms'), { trigger: until(90, { maxKeys: 1 }) })
    .sum(({ value }) => value)
    .filter((value) => value > 0)
    .keyBy(() => 'all')
    .window(tumbling('100ms'), { trigger: everyUpdate() })
    .sum((value) => value)
    .to(collected())
  // With b held as well a leaves: first as 2, then as −6, which takes the 2 back.
  const one = simulate(line, script`a=2@1 | b=1@2 | a=-8@1`, { record: item })
  one.crashAtEveryStep().sameResults()
  const told = one.steps.map(({ panes }) => panes.map((pane) => [pane.kind, (pane as { value: number }).value]))
  expect(told).toEqual([[], [['value', 2]], [['retraction', 2]]])
})

test('a restart in the middle goes on with what was held, and with its room', () => {
  const line = lineOf({ trigger: until(90, { maxKeys: 2, maxBytes: 1_000, onFull: 'fail' }) })
  const engine = engineOf(line)
  const [source] = engine.sources
  if (source === undefined) throw new Error('no source')
  engine.task.join(source.port, '0', undefined)
  const feed = (to: typeof engine, key: string, offset: number): void =>
    to.task.run(to.sources[0]?.port as never, {
      split: '0',
      records: [item(key, 1, 5)],
      first: BigInt(offset),
      next: BigInt(offset + 1),
    })
  feed(engine, 'a', 0)
  feed(engine, 'b', 1)
  const next = engineOf(line)
  next.task.load(structuredClone(engine.task.save()))
  next.task.join(next.sources[0]?.port as never, '0', undefined)
  expect(next.windows[0]?.operator.stage.held).toBe(2)
  feed(next, 'a', 2)
  expect(() => feed(next, 'c', 3)).toThrow(/found 3 results held back/)
})

describe('a job that stopped because its buffer was full goes on from its checkpoint', () => {
  const items = Array.from({ length: 30 }, (_, i) => item(`k${i % 7}`, i, 2 * i))
  const job = (buffer: GateBuffer, checkpoint = memoryCheckpoints({ everyMs: 4 }), store = latestValues()) => ({
    store,
    checkpoint,
    run: () =>
      pipeline('buffers')
        .from(replay(items, { arrivedAt: ({ at }) => at }))
        .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
        .keyBy(({ key }) => key)
        .window(tumbling('100ms'), { trigger: suppress.untilTimeLimit('50ms', buffer) })
        .sum(({ value }) => value)
        .to(store as never)
        .start({ clock: arrivalClock(), checkpoint, batchSize: 2 }).done,
  })
  test.each<GateBuffer>([
    { maxKeys: 100, onFull: 'fail' },
    { maxKeys: 3, onFull: 'emitEarly' },
  ])('with %o', async (mended) => {
    const calm = job({ maxKeys: 100, onFull: 'fail' })
    await calm.run()
    const { run, checkpoint, store } = job({ maxKeys: 3, onFull: 'fail' })
    await expect(run()).rejects.toMatchObject({ code: 'BUFFER_FULL', at: { operator: 'window' } })
    await expect(job({ maxKeys: 3, onFull: 'fail' }, checkpoint, store).run()).rejects.toMatchObject({
      code: 'BUFFER_FULL',
    })
    await job(mended, checkpoint, store).run()
    expect([...store.entries()]).toEqual(expect.arrayContaining([...calm.store.entries()]))
    expect(store.size).toBe(calm.store.size)
    expect(calm.store.size).toBe(7)
  })
})
