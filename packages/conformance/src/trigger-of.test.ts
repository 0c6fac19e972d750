import { expect, test } from 'vitest'
import { triggerOf } from './trigger-of.ts'

test.each([
  [undefined, 'trigger: found nothing, expected an object'],
  ['afterCount', 'trigger: found "afterCount", expected one of everyUpdate, never, or an object'],
  ['constructor', 'trigger: found "constructor", expected one of everyUpdate'],
  [{ toString: 1 }, 'trigger: found {"toString":1}, expected one of afterWatermark, afterCount'],
  [{}, 'trigger: found {}, expected one of afterWatermark'],
  [{ afterCount: 1, never: 1 }, 'expected one of afterWatermark'],
  [{ policy: 'emitAtClose' }, 'trigger.policy: found "emitAtClose", expected one of emitOnClose, continuousRefinement'],
  [{ policy: 'everyEventTime' }, 'found undefined, expected'],
  [{ afterCount: 0 }, 'found 0, expected'],
  [{ afterProcessingTime: '5s' }, "found '5s', expected"],
  [{ afterAll: { afterCount: 1 } }, 'trigger.afterAll: found {"afterCount":1}, expected a list of triggers'],
  [{ orFinally: ['never'] }, 'trigger.orFinally: found ["never"], expected [trigger, until]'],
  [{ afterEach: ['never', { afterFirst: ['sometimes'] }] }, 'trigger.afterEach.1.afterFirst.0: found "sometimes"'],
  [{ afterWatermark: { early: 'x' } }, 'trigger.afterWatermark.early: found "x"'],
  [{ afterWatermark: { soon: 'never' } }, 'trigger.afterWatermark: found "soon", expected only early and late'],
  [{ policy: 'suppressUntilTimeLimit', limit: 5, maxKeys: 0, onFull: 'fail' }, "'maxKeys' of suppress"],
  [{ policy: 'suppressUntilTimeLimit', limit: 5 }, "'onFull' of suppress"],
])('%j: says where, what was found and what was expected', (spec, message) => {
  expect(() => triggerOf(spec)).toThrow(message)
})

test('parts that are null are not there; the same for maxKeys', () => {
  expect(triggerOf({ afterWatermark: { early: null, late: 'everyUpdate' } }).kind).toBe(
    triggerOf({ afterWatermark: { late: 'everyUpdate' } }).kind,
  )
  const suppressed = { policy: 'suppressUntilTimeLimit', limit: 5, onFull: 'fail' }
  expect(triggerOf({ ...suppressed, maxKeys: null }).kind).toBe(triggerOf(suppressed).kind)
})
