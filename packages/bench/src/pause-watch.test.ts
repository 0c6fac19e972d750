import { expect, test } from 'vitest'
import { PauseWatch } from './pause-watch.ts'

test('a block of the event loop is seen', async () => {
  const watch = new PauseWatch()
  watch.begin()
  await new Promise(setImmediate)
  const until = performance.now() + 20
  while (performance.now() < until);
  await new Promise(setImmediate)
  expect(watch.end().longestMs).toBeGreaterThanOrEqual(20)
})

test('so is one that has not ended', () => {
  const watch = new PauseWatch()
  watch.begin()
  const until = performance.now() + 20
  while (performance.now() < until);
  expect(watch.end().longestMs).toBeGreaterThanOrEqual(20)
})
