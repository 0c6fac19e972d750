/** The pane gate's contract: it delays and thins out, and never loses. */
import { expect, test } from 'vitest'
import {
  type Pane,
  type PaneGate,
  type TimeWindow,
  type Trigger,
  collected,
  memorySource,
  monotonous,
  pipeline,
  tumbling,
} from '@tidemark/core'
import { continuousRefinement, emitOnClose } from '@tidemark/triggers'
import { virtualClock } from '@tidemark/testing'
import { someTurns, until } from './until.ts'

interface Event {
  readonly at: number
  readonly value: number
}
const onChange: PaneGate<unknown> = {
  kind: 'onChange',
  decide: (last, value) => (last === value ? 'swallow' : 'emit'),
  emitted: (_, value) => value,
}
const slowly = (periodMs: number): PaneGate<number> => ({
  kind: 'slowly',
  decide: (last, _, { now }) =>
    last === undefined || now - last >= periodMs ? 'emit' : { holdUntil: last + periodMs },
  emitted: (_, __, { now }) => now,
})

function setUp(gate: unknown, trigger: Trigger<TimeWindow> = continuousRefinement()) {
  const source = memorySource<Event>()
  const clock = virtualClock()
  const out = collected<Pane<string, number>>()
  const job = pipeline('gate')
    .from(source)
    .eventTime({ timestamp: (e) => e.at, watermark: monotonous() })
    .keyBy(() => 'a')
    .window(tumbling('1m'), { trigger, gate: gate as PaneGate, allowedLateness: '1m' })
    .aggregate((a) => a.max((e) => e.value))
    .to(out)
    .start({ clock })
  const push = async (...records: readonly (readonly [at: number, value: number])[]): Promise<void> => {
    const before = job.metrics().get('memory.records') as number
    source.push(records.map(([at, value]) => ({ at, value })))
    await until(() => job.metrics().get('memory.records') === before + records.length)
    await someTurns()
  }
  return {
    source,
    clock,
    out,
    job,
    push,
    panes: () =>
      out.items.map(
        (pane) => pane.kind === 'value' && [pane.window.start, pane.value, pane.timing, pane.index, pane.isLast],
      ),
  }
}

test('what a gate swallows is not pending any more', async () => {
  const { push, panes, source, job } = setUp(onChange)
  await push([1, 5], [2, 3], [3, 5], [4, 9])
  expect(panes()).toEqual([
    [0, 5, 'early', 0, false],
    [0, 9, 'early', 1, false],
  ])
  source.finish()
  await job.done
  expect(panes()).toHaveLength(2)
})

test('what a gate holds comes when it says, with the newest value', async () => {
  const { push, panes, clock, out, job } = setUp(slowly(1_000))
  await push([1, 5], [2, 7], [3, 8])
  expect(panes()).toEqual([[0, 5, 'early', 0, false]])
  clock.advance(999)
  await someTurns()
  expect(out.items).toHaveLength(1)
  clock.advance(1)
  await until(() => out.items.length === 2)
  expect(panes()[1]).toEqual([0, 8, 'early', 1, false])
  await job.stop()
})

test('what is held when the window is freed leaves past the gate', async () => {
  const { push, panes, source, job } = setUp(slowly(1e9))
  await push([1, 5], [2, 7])
  source.finish()
  await job.done
  expect(panes()).toEqual([
    [0, 5, 'early', 0, false],
    [0, 7, 'on-time', 1, true],
  ])
})

test('where the policy emits at completion, completion passes the gate', async () => {
  const { push, panes, job } = setUp(slowly(1e9), continuousRefinement({ completion: true }))
  await push([1, 5], [2, 7], [70_000, 1], [3, 8])
  expect(panes()).toEqual([
    [0, 5, 'early', 0, false],
    [60_000, 1, 'early', 0, false],
    [0, 7, 'on-time', 1, false],
  ])
  await job.stop()
})

test('a gate that never lets anything pass still loses nothing', async () => {
  const never: PaneGate<never> = {
    kind: 'never',
    decide: () => ({ holdUntil: Number.MAX_SAFE_INTEGER }),
    emitted: () => undefined as never,
  }
  const { push, panes, source, job } = setUp(never, emitOnClose())
  await push([1, 5], [130_000, 1])
  source.finish()
  await job.done
  expect(panes()).toEqual([
    [0, 5, 'on-time', 0, true],
    [120_000, 1, 'on-time', 0, true],
  ])
})
