import { expect, test } from 'vitest'
import { vectorOf } from './read-vector.ts'
import { stored } from './stored.ts'

const [of] = stored('own.json').flatMap((entry) => (entry.of === 'windows' ? [entry.vector] : []))
const vector = of as object
const steps = [{ record: { key: 'a', value: 1, at: 0 } }, { clock: 1 }]
const pane = { key: 'a', window: [0, 10], value: 1, timing: 'early', index: 0, isFirst: true, isLast: false }

test.each([
  ['window', undefined, 'window: found nothing, expected a field of this name'],
  ['window', { kind: 'tumbling' }, 'window.size: found nothing, expected a field of this name'],
  ['window', { kind: 'tumbling', size: 0 }, 'window.size: found 0, expected a whole number from 1'],
  ['window', { kind: 'hopping', size: 5 }, 'window.every: found nothing'],
  ['window', { kind: 'session', gap: '5s' }, 'window.gap: found "5s", expected a whole number'],
  ['window', 'tumbling', 'window: found "tumbling", expected a window of kind tumbling, hopping'],
  ['watermark', 'implicit', 'watermark: found "implicit", expected \'explicit\' or { boundedOutOfOrderness: ms }'],
  ['allowedLateness', -1, 'allowedLateness: found -1, expected a whole number from 0'],
  ['aggregate', 'mean', 'aggregate: found "mean", expected one of sum, count, min, max, collect'],
  ['trigger', undefined, 'trigger: found nothing, expected a field of this name'],
  ['accumulation', 'both', "accumulation: found \"both\", expected 'discarding', 'accumulating' or 'retracting'"],
  ['onTime', true, "onTime: found true, expected 'nonEmpty' or 'always'"],
  ['steps', {}, 'steps: found {}, expected a list of steps'],
  ['steps', [...steps, { record: { key: 'a', value: 1 } }], 'steps.2.record.at: found nothing, expected'],
  ['steps', [...steps, { record: { key: null, value: 1, at: 0 } }], 'steps.2.record.key: found null, expected a text'],
  ['steps', [...steps, { record: { key: 'a', value: 1, at: 0.5 } }], 'steps.2.record.at: found 0.5, expected a whole'],
  ['steps', [...steps, { idle: 'p0' }], 'steps.2.idle: found "idle", expected a step with record, watermark, clock'],
  ['compare', ['worth'], 'compare.0: found "worth", expected one of key, window, retract, value, timing, index'],
  ['expect', [{ panes: [] }], 'expect.0.step: found nothing, expected a field of this name'],
  ['expect', [{ step: 2 }], 'expect.0.step: found 2, expected the index of one of 2 steps'],
  ['expect', [{ step: 1 }, { step: 1 }], 'expect.1.step: found 1 again, expected each step once'],
  ['expect', [{ step: 0, panes: [{ ...pane, window: [0] }] }], 'expect.0.panes.0.window.1: found nothing'],
  ['expect', [{ step: 0, panes: [{ key: 'a', window: null }] }], 'expect.0.panes.0.value: found nothing, expected'],
  [
    'expect',
    [{ step: 0, panes: [{ key: 'a', window: null, retract: true }] }],
    'expect.0.panes.0.value: found nothing',
  ],
])('%s %j: says where, what was found and what was expected', (field, value, message) => {
  expect(() => vectorOf({ ...vector, steps, expect: [{ step: 0, panes: [pane] }] })).not.toThrow()
  const wrong = { ...vector, steps, expect: [], [field]: value }
  // A file has no undefined.
  expect(() => vectorOf(JSON.parse(JSON.stringify(wrong)))).toThrow(message)
})

test('watermark steps where the watermark follows the records are refused: one would be ignored', () => {
  const both = { ...vector, watermark: { boundedOutOfOrderness: 0 }, steps: [{ watermark: 3 }], expect: [] }
  expect(() => vectorOf(both)).toThrow('steps.0: found a watermark, expected none where the watermark follows')
})

test('splits: a watermark for each step', () => {
  const splits = { name: 'x', steps: [{ split: 'p', new: true }], combined: [] }
  expect(() => vectorOf(splits)).toThrow('combined: found 0 watermarks, expected one for each of 1 steps')
  expect(() => vectorOf({ ...splits, steps: [{ split: '' }] })).toThrow('steps.0.split: found "", expected the name')
  expect(() => vectorOf({ ...splits, combined: ['soon'] })).toThrow('combined.0: found "soon", expected a whole number')
})
