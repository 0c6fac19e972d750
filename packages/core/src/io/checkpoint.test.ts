import { expect, test } from 'vitest'
import { memoryCheckpoints } from './checkpoint.ts'
import { dividable } from './pieces.ts'

const state = (): { readonly keys: unknown[]; readonly sums: Float64Array } =>
  dividable({
    keys: Array.from({ length: 50_000 }, (_, i) => (i % 3 === 0 ? ['tuple', i] : `key ${i}`)),
    sums: new Float64Array(200_000).fill(0.5),
  })

test('a large checkpoint gives others their turns, and is the same as in one go', async () => {
  let turns = 0
  const session = await memoryCheckpoints().open('job')
  await session.save(state(), async () => void turns++)
  expect(turns).toBeGreaterThan(10)
  const inParts = await session.load()
  expect(inParts).toStrictEqual(structuredClone(state()))
  await session.save(state())
  expect(await session.load()).toStrictEqual(inParts)
})

test('what fails in the middle leaves the checkpoint before it untouched', async () => {
  const session = await memoryCheckpoints().open('job')
  await session.save('before')
  const bad = state()
  bad.keys[40_000] = () => {}
  let turns = 0
  await expect(session.save(bad, async () => void turns++)).rejects.toThrow(
    expect.objectContaining({ code: 'CHECKPOINT_NOT_PLAIN' }),
  )
  expect(turns).toBeGreaterThan(1)
  expect(await session.load()).toBe('before')
  const lost = new Error('the host is going down')
  await expect(session.save(state(), () => Promise.reject(lost))).rejects.toBe(lost)
  expect(await session.load()).toBe('before')
})

test.each([Symbol('s'), () => {}, { deep: new WeakMap() }])('%s cannot be kept, in a list or alone', async (bad) => {
  const session = await memoryCheckpoints().open('job')
  for (const checkpoint of [bad, dividable({ keys: ['a', bad] }), { keys: [bad] }])
    await expect(session.save(checkpoint)).rejects.toThrow(expect.objectContaining({ code: 'CHECKPOINT_NOT_PLAIN' }))
})

test("users' values are copied: changing them, or what was loaded, changes no checkpoint", async () => {
  const acc = { n: 1 }
  const session = await memoryCheckpoints().open('job')
  await session.save(dividable({ accs: [acc], sums: new Float64Array([1]), first: acc }))
  acc.n = 2
  const expected = { accs: [{ n: 1 }], sums: new Float64Array([1]), first: { n: 1 } }
  const loaded = (await session.load()) as typeof expected
  expect(loaded).toStrictEqual(expected)
  loaded.accs[0] = { n: 3 }
  loaded.sums[0] = 3
  loaded.first.n = 3
  expect(await session.load()).toStrictEqual(expected)
})
