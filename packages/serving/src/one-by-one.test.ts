// Items of batches, handed out one by one.
import { expect, test } from 'vitest'
import { oneByOne } from './one-by-one.ts'

async function* batches(...of: readonly (readonly number[])[]): AsyncGenerator<readonly number[], void> {
  yield* of
}

test('every item in order, whatever the batches', async () => {
  const found: number[] = []
  for await (const item of oneByOne(batches([], [1, 2], [], [3]))) found.push(item)
  expect(found).toEqual([1, 2, 3])
})

test('who asks several times at once is answered in that order', async () => {
  const items = oneByOne(batches([1], [2, 3], []))
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => items.next()))
  expect(answers.map(({ value }) => value)).toEqual([1, 2, 3, undefined, undefined])
  expect(answers.map(({ done }) => done)).toEqual([false, false, false, true, true])
})

test('an error comes where it belongs, and leaving early ends the batches', async () => {
  async function* failing(): AsyncGenerator<readonly number[], void> {
    yield [1]
    throw new Error('no more')
  }
  const items = oneByOne(failing())
  expect(await items.next()).toEqual({ done: false, value: 1 })
  await expect(items.next()).rejects.toThrow('no more')
  let ended = false
  async function* endless(): AsyncGenerator<readonly number[], void> {
    try {
      for (;;) yield [1, 2]
    } finally {
      ended = true
    }
  }
  for await (const _ of oneByOne(endless())) break
  expect(ended).toBe(true)
})
