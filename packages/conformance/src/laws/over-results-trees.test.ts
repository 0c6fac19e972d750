/**
 * Law 14 under triggers composed at random, on both levels and on a third: an hour made of minutes, and a day made of
 * hours, equal what is recomputed from the records that were not too late for their minute, whatever is published,
 * filtered, mapped and moved to other keys in between; cut anywhere, in any batches.
 */
import { type TimeWindow, assignWindows, collected, ms, session } from '@tidemark/core'
import { batchOverResults, oracle, partition, partitions, play, samePanes, scriptOf, scripts } from '@tidemark/testing'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { triggerOf } from '../trigger-of.ts'
import { following, inOneStep, oneByOne } from './cuts.ts'
import { Depths } from './depths.ts'
import { LAW_MS, tryLaw, tryLawAsync } from './law.ts'
import {
  type Level,
  type Line,
  type Row,
  allLevels,
  bounded,
  grids,
  hopsOf,
  keyBy,
  levels,
  lineOf,
  minuteRows,
  minutesOf,
  named,
  ofKinds,
  overRows,
  stored,
  wanted,
} from './levels.ts'
import { type LivePane, checkFinality, checkLives } from './lives.ts'
import { item } from './shapes.ts'
import { type TreeShape, endsWith, gateOf, toldTriggers, treeOptions, treeShapes, triggers } from './tree-shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

/** How far the last level is behind the watermark that the task has. */
const delayOf = (engine: ReturnType<typeof play>['engine']): number => engine.task.outputs.at(-1)?.delayMs ?? 0

/** How many sources the windows over results still know by name. */
const remembered = (engine: ReturnType<typeof play>['engine']): number =>
  Object.values(engine.task.save().inputs).reduce<number>((sum, parts) => sum + (parts as unknown[]).length, 0)

test('law 14: any triggers on two and three levels, filters, other values and other keys between them', async () => {
  const seen = { two: 0, three: 0, retractions: 0 }
  const policies = new Map<string, number>()
  const depths = new Depths()
  await tryLawAsync(2_000, fc.tuple(allLevels, scripts({ maxRecords: 25 })), async ([all, script]) => {
    const [inner, hours, days] = all
    for (const { trigger } of [inner, hours.shape, ...(days === undefined ? [] : [days.shape])]) {
      depths.add(trigger)
      const policy = typeof trigger === 'object' && 'policy' in trigger ? trigger.policy : 'a tree'
      policies.set(policy, (policies.get(policy) ?? 0) + 1)
    }
    const { steps, engine } = play(lineOf(all), script, item)
    const panes = steps.flatMap((step) => step.panes) as readonly LivePane[]
    expect(await stored(panes)).toEqual(wanted(script, all))
    const [, ...outer] = engine.windows
    for (const { operator } of outer) expect(operator.stage.counters.tooLate, 'too late by construction').toBe(0)
    for (const { operator } of engine.windows) expect(operator.stage.entries).toBe(0)
    expect(remembered(engine)).toBe(0)
    // Law 6, and final by the watermark, for the last level.
    const last = days ?? hours
    checkLives(panes, hopsOf(last), last.shape.accumulation)
    const told = steps.map((step) => ({
      panes: step.panes as readonly LivePane[],
      progress: step.progress - delayOf(engine),
    }))
    checkFinality(told, hopsOf(last), inner.latenessMs)
    seen[days === undefined ? 'two' : 'three'] += panes.length
    seen.retractions += panes.filter(({ kind }) => kind === 'retraction').length
  })
  depths.check()
  expect([...policies.keys()].toSorted()).toEqual([
    'a tree',
    'completeMode',
    'everyEventTime',
    'suppressUntilTimeLimit',
    'updateMode',
  ])
  for (const [policy, count] of policies) expect([policy, count > 100]).toEqual([policy, true])
  for (const [what, count] of Object.entries(seen)) expect([what, count > 2_000]).toEqual([what, true])
})

test('law 14 with differences of the minutes', async () => {
  const input = fc.tuple(
    treeShapes(bounded, { accumulation: ['discarding'] }, toldTriggers),
    levels([10, 40]),
    scripts({ maxRecords: 15 }),
  )
  let panes = 0
  const depths = new Depths()
  await tryLawAsync(2_000, input, async ([inner, level, script]) => {
    depths.add(inner.trigger, level.shape.trigger)
    // A difference says nothing about the whole that a filter, a map or a key could look at.
    const hours: Level = { ...level, between: 'nothing', by: level.by === 'value' ? 'one' : level.by }
    const { steps } = play(lineOf([inner, hours, undefined]), script, item)
    const found = steps.flatMap((step) => step.panes)
    // Each difference falls into the hours of the bounds it was published with: sessions may have got others since.
    expect(await stored(found)).toEqual(named(overRows(minuteRows(script, treeOptions(inner)), hours)))
    panes += found.length
  })
  depths.check()
  expect(panes).toBeGreaterThan(4_000)
})

test('law 14 against the records themselves', async () => {
  const input = fc.tuple(treeShapes(grids, {}, triggers), levels([10, 40]), scripts({ maxRecords: 25 }))
  let compared = 0
  const depths = new Depths()
  await tryLawAsync(2_000, input, async ([inner, level, script]) => {
    depths.add(inner.trigger, level.shape.trigger)
    const hours: Level = { ...level, between: 'nothing', by: level.by === 'value' ? 'own' : level.by }
    const { steps } = play(lineOf([inner, hours, undefined]), script, item)
    const { windows } = endsWith(inner)
    const rows = batchOverResults(script, {
      inner: windows,
      outer: hopsOf(hours),
      latenessMs: inner.latenessMs,
      outerKey: (key) => keyBy[hours.by](key, 0),
    })
    expect(await stored(steps.flatMap((step) => step.panes))).toEqual(named(rows as readonly Row[]))
    compared += rows.length
  })
  depths.check()
  expect(compared).toBeGreaterThan(5_000)
})

test('law 14: sessions of results that come once', async () => {
  const input = fc.tuple(
    treeShapes(grids, { latenessMs: [0] }),
    treeShapes(ofKinds('session'), { accumulation: ['accumulating', 'retracting'] }, triggers),
    scripts({ maxRecords: 15 }),
  )
  let compared = 0
  const depths = new Depths()
  await tryLawAsync(2_000, input, async ([inner, outer, script]) => {
    depths.add(outer.trigger)
    const shape: TreeShape = { ...inner, trigger: { policy: 'watermarkThenUpdates' }, accumulation: 'accumulating' }
    const { gap } = outer.windows as { readonly gap: number }
    const line = minutesOf(shape)
      .keyBy((_, { key }) => key)
      .window(session(ms(gap + 5)), {
        trigger: triggerOf(outer.trigger as never) as never,
        accumulation: outer.accumulation as 'accumulating',
        onTime: outer.onTime,
        allowDataLoss: true,
      })
      .sum((value) => value)
      .to(collected())
    const records = minuteRows(script, endsWith(shape)).map(({ key, window, value }) => ({
      split: '0',
      key,
      value,
      at: window.end - 1,
    }))
    const rows = oracle(scriptOf([{ kind: 'records', records }, { kind: 'end' }]), {
      ...endsWith(outer),
      windows: { kind: 'session', gap: gap + 5 },
    }).flatMap(({ panes }) => panes)
    const { steps, engine } = play(line as Line, script, item)
    expect(engine.windows[1]?.operator.stage.counters.tooLate).toBe(0)
    expect(await stored(steps.flatMap((step) => step.panes))).toEqual(named(rows as unknown as readonly Row[]))
    compared += rows.length
  })
  depths.check()
  expect(compared).toBeGreaterThan(2_000)
})

test('laws 2 and 9 on every level: batches cut anywhere, a cut after every step', () => {
  let panes = 0
  const input = fc.tuple(allLevels, scripts({ maxRecords: 9 }), partitions())
  tryLaw(1_000, input, ([all, script, sizes]) => {
    const joined = inOneStep(script)
    const run = (options: Parameters<typeof play>[3]): readonly unknown[] =>
      play(lineOf(all), joined, item, options).steps.flatMap((step) => step.panes)
    const whole = run({})
    samePanes(whole, run({ batches: (records) => partition(records, sizes) }), `in batches of ${sizes.join(', ')}`)
    samePanes(whole, run({ batches: oneByOne, drainLimit: 1, generateCode: false }), 'record by record')
    const { steps, engine } = play(lineOf(all), script, item, { crash: true, generateCode: false })
    expect(remembered(engine)).toBe(0)
    const cut = steps.flatMap((step) => step.panes)
    samePanes(whole, cut, 'with a cut after every step')
    panes += whole.length
  })
  expect(panes).toBeGreaterThan(1_000)
})

test('law 2 on every level where the watermark follows the records', () => {
  tryLaw(1_000, fc.tuple(allLevels, following(), partitions()), ([all, script, sizes]) => {
    const joined = inOneStep(script)
    const run = (options: Parameters<typeof play>[3]): readonly unknown[] =>
      play(lineOf(all), joined, item, options).steps
    samePanes(run({}), run({ batches: (records) => partition(records, sizes) }), `in batches of ${sizes.join(', ')}`)
  })
})

test('law 14 where windows depend on the value', async () => {
  const place = (at: number, value: number): TimeWindow => {
    const start = Math.floor(at / 40) * 40 - (((value % 3) + 3) % 3)
    return { start, end: start + 60 }
  }
  const input = fc.tuple(
    treeShapes(bounded, { accumulation: ['accumulating', 'retracting'] }, triggers),
    levels([10, 40]),
    scripts({ maxRecords: 15 }),
  )
  let compared = 0
  const depths = new Depths()
  await tryLawAsync(2_000, input, async ([inner, { shape, gate }, script]) => {
    depths.add(inner.trigger, shape.trigger)
    const line = minutesOf(inner)
      .keyBy(() => 'one')
      .window(assignWindows({ assign: (at, value: number) => [place(at, value)] }), {
        trigger: triggerOf(shape.trigger as never) as never,
        accumulation: shape.accumulation as 'accumulating',
        allowDataLoss: true,
        ...gateOf(shape, gate),
      })
      .sum((value) => value)
      .to(collected())
    const rows = new Map<string, Row>()
    for (const { window, value } of minuteRows(script, endsWith(inner))) {
      const wide = place(window.end - 1, value)
      const name = String(wide.start)
      rows.set(name, { key: 'one', window: wide, value: (rows.get(name)?.value ?? 0) + value })
    }
    const { steps } = play(line as Line, script, item)
    expect(await stored(steps.flatMap((step) => step.panes))).toEqual(named(rows.values()))
    compared += rows.size
  })
  depths.check()
  expect(compared).toBeGreaterThan(2_000)
})
