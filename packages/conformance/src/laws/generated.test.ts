/**
 * The code that is made from text and the loop it stands for are one: the same panes, late records, dead letters and
 * accounts, whatever the stages refuse, however records are batched. (Vectors and benches run in both modes as well.)
 */
import {
  type Pipeline,
  type TimeWindow,
  type Trigger,
  arrivalClock,
  boundedOutOfOrderness,
  collected,
  engineOf,
  metricsOf,
  monotonous,
  ms,
  pipeline,
  punctuated,
  replay,
  tumbling,
} from '@tidemark/core'
import { type Script, partition, partitions, play, samePanes, scripts, triggerTrees } from '@tidemark/testing'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { triggerOf } from '../trigger-of.ts'
import { everyWayOut } from './every-way-out.ts'
import { LAW_MS, tryLaw } from './law.ts'
import { type Item, anyWindows, assignerOf, item, shapes, summing } from './shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

/** Plays a script both ways and compares all that comes out. */
function bothWays(line: Pipeline<unknown, Item>, script: Script, sizes: readonly number[]): number {
  const [made, plain] = [true, false].map((generateCode) =>
    play(line, script, item, { generateCode, batches: (records) => partition(records, sizes) }),
  )
  if (made === undefined || plain === undefined) throw new Error('two runs')
  for (const [i, step] of made.steps.entries()) {
    const other = plain.steps[i]
    samePanes(other?.panes ?? [], step.panes, `as generated code, at step ${i}`)
    samePanes(other?.late ?? [], step.late, `(a late record) as generated code, at step ${i}`)
    samePanes(other?.deadLetters ?? [], step.deadLetters, `(a dead letter) as generated code, at step ${i}`)
    expect(other?.progress).toBe(step.progress)
  }
  expect(metricsOf(made.engine, 0)).toEqual(metricsOf(plain.engine, 0))
  return made.steps.reduce((sum, { panes }) => sum + panes.length, 0)
}

/** Records of a stretch between two watermarks as one step, so that batches hold several. */
const joined = (script: Script): Script => ({
  toString: script.toString,
  steps: script.steps.reduce<Script['steps'][number][]>((steps, step) => {
    const last = steps.at(-1)
    if (step.kind === 'records' && last?.kind === 'records')
      steps[steps.length - 1] = { kind: 'records', records: [...last.records, ...step.records] }
    else steps.push(step)
    return steps
  }, []),
})
const input = (watermarks: boolean): fc.Arbitrary<Script> =>
  scripts({ watermarks, splits: watermarks ? 0 : 2 }).map(joined)

test('every policy and window', () => {
  let panes = 0
  tryLaw(800, fc.tuple(shapes(anyWindows), input(true), partitions()), ([shape, script, sizes]) => {
    panes += bothWays(summing(shape), script, sizes)
  })
  expect(panes).toBeGreaterThan(1_000)
})

test('watermarks that follow the records, over two splits', () => {
  tryLaw(500, fc.tuple(shapes(anyWindows), input(false), partitions()), ([shape, script, sizes]) => {
    bothWays(summing(shape, boundedOutOfOrderness('5ms')), script, sizes)
    bothWays(
      summing(
        shape,
        punctuated(({ value, at }) => (value % 2 === 0 ? at - 3 : undefined)),
      ),
      script,
      sizes,
    )
  })
})

test('whatever a stage refuses', () => {
  tryLaw(800, fc.tuple(shapes(anyWindows), input(true), fc.integer({ min: 1, max: 8 }), partitions()), (all) => {
    const [shape, script, maxKeys, sizes] = all
    bothWays(everyWayOut(shape, maxKeys), script, sizes)
  })
})

test('several aggregates, simple ones and others, with what they refuse', () => {
  tryLaw(500, fc.tuple(shapes(anyWindows), triggerTrees({ depth: 2 }), input(true), partitions()), (all) => {
    const [shape, trigger, script, sizes] = all
    const stages = pipeline('aggregates', { onError: 'skip' })
      .from<Item>([])
      .tap(() => {})
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .map((record, { eventTime }) => ({ ...record, at: eventTime }))
      .keyBy(({ key }) => [key, key.length])
      .window(assignerOf(shape.windows), {
        trigger: triggerOf(trigger as never) as unknown as Trigger<TimeWindow>,
        accumulation: shape.accumulation as 'accumulating',
        allowedLateness: ms(shape.latenessMs),
        allowDataLoss: true,
      })
    const refuse = ({ value }: Item): number => (value === 7 ? Number.NaN : value)
    bothWays(
      stages
        .aggregate((a) => ({ n: a.count(), sum: a.sum(refuse), mean: a.mean(({ value }) => value) }))
        .to(collected()) as never,
      script,
      sizes,
    )
    bothWays(
      stages
        .aggregate((a) => ({
          n: a.count(),
          sum: a.sum(refuse),
          most: a.max(({ value }) => value),
          last: a.last(({ value }) => value),
        }))
        .to(collected()) as never,
      script,
      sizes,
    )
  })
})

test('a job that may not make code gives the same results, on the clock of arrivals too', async () => {
  const records = Array.from({ length: 5_000 }, (_, i) => ({
    key: `k${i % 7}`,
    value: i % 13,
    at: i * 40 - (i % 5) * 300,
  }))
  const [made, plain] = await Promise.all(
    [true, false].map(async (generateCode) => {
      const sink = collected<unknown>()
      await pipeline('modes')
        .from(replay(records, { arrivedAt: ({ at }) => at + 1_000 }))
        .filter(({ value }) => value !== 3)
        .eventTime({ timestamp: ({ at }) => at, watermark: boundedOutOfOrderness('1s') })
        .keyBy(({ key }) => key)
        .window(tumbling('10s'), { trigger: triggerOf({ repeatedly: { afterProcessingTime: 2_000 } }) as never })
        .sum(({ value }) => value)
        .to(sink as never)
        .start({ generateCode, clock: arrivalClock(), batchSize: 100 }).done
      return sink.items
    }),
  )
  expect(made?.length).toBeGreaterThan(100)
  samePanes(plain ?? [], made ?? [], 'as generated code')
})

test('with code the ports run what was made; without, the loop', () => {
  const line = summing({
    windows: { kind: 'tumbling', size: 5 },
    policy: 'emitOnClose',
    accumulation: 'accumulating',
    onTime: 'nonEmpty',
    closing: 'nonEmpty',
    latenessMs: 0,
    earlyMs: 1,
    lateMs: 1,
  })
  const text = (generateCode: boolean): string => String(engineOf(line as never, { generateCode }).task.ports[0]?.run)
  expect(text(true)).toContain('slot = slots.get(id)')
  expect(text(false)).not.toContain('slots.get(id)')
})
