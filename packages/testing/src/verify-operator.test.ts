import { type Pipeline, collected, monotonous, oneWindow, pipeline, session, tumbling } from '@tidemark/core'
import { continuousRefinement, earlyAndLate } from '@tidemark/triggers'
import { expect, test } from 'vitest'
import { script } from './script.ts'
import { nothingLeft, verifyOperator } from './verify-operator.ts'
import { play } from './play.ts'

interface Item {
  readonly key: string
  readonly value: number
  readonly at: number
}
const record = (key: string, value: number, at: number): Item => ({ key, value, at })
const keyed = pipeline('verify')
  .from<Item>([])
  .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
  .keyBy(({ key }) => key)
const input = script`a=1@1 b=2@3 a=3@12 | clock +5ms | watermark 10 | a=4@2 | b=5@14 a=6@15 | clock +9ms | end`

test.each<[string, Pipeline<unknown, Item>]>([
  ['tumbling', keyed.window(tumbling('10ms'), { allowedLateness: '5ms' }).count().to(collected())],
  [
    'session',
    keyed
      .window(session('3ms'), { trigger: earlyAndLate({ earlyEvery: '4ms' }), allowedLateness: '20ms' })
      .count()
      .to(collected()),
  ],
  ['one', keyed.window(oneWindow(), { trigger: continuousRefinement() }).count().to(collected())],
])('%s: holds', (_, counted) => {
  expect(() => verifyOperator(counted, input, { record })).not.toThrow()
})

test('finds an operator whose panes depend on how its input was delivered', () => {
  let calls = 0
  const counting = keyed
    .window(tumbling('10ms'))
    .aggregate((a) => a.fold<number>({ create: () => 0, add: () => ++calls, merge: (x, y) => x + y }))
    .to(collected())
  expect(() => verifyOperator(counting, input, { record })).toThrow(/Pane 0 is another one all at once, at step/)
})

test('finds state that is left', () => {
  const open = keyed.window(tumbling('10ms')).count().to(collected())
  const { engine } = play(open, script`a=1@1 | watermark 5`, record)
  expect(() => nothingLeft(engine, 'here', input)).toThrow(
    'State is left after the end of input, here: 1 entries, open {"start":0,"end":10}',
  )
  // A script without an end may leave state.
  expect(() => verifyOperator(open, script`a=1@1 | watermark 5`, { record })).not.toThrow()
})
