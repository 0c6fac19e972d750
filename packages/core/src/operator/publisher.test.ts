import { expect, test } from 'vitest'
import { collected, monotonous, ms, pipeline, tumbling } from '../index.ts'

test('panes are plain objects, whatever makes them', async () => {
  const sink = collected<object>()
  await pipeline('plain')
    .from([{ at: 1 }])
    .eventTime({ timestamp: (event) => event.at, watermark: monotonous() })
    .keyBy(() => 'k')
    .window(tumbling(ms(10)))
    .aggregate((a) => ({ n: a.count() }))
    .to(sink)
    .start().done
  const [pane] = sink.items as [object]
  expect(Object.getPrototypeOf(pane)).toBe(Object.prototype)
  expect(Object.entries(structuredClone(pane))).toEqual([
    ['kind', 'value'],
    ['key', 'k'],
    ['window', { start: 0, end: 10 }],
    ['index', 0],
    ['epoch', 0],
    ['watermark', expect.any(Number)],
    ['emittedAt', expect.any(Number)],
    ['value', { n: 1 }],
    ['timing', 'on-time'],
    ['isFirst', true],
    ['isLast', true],
    ['records', 1],
    ['lateRecords', 0],
  ])
})
