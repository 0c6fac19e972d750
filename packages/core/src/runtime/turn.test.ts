import { expect, test } from 'vitest'
import { Turn } from './turn.ts'

class FakeHost {
  at = 1_000
  turns = 0
  readonly now = (): number => this.at
  readonly next = async (): Promise<void> => void this.turns++
}

test('the host has its turn when its clock says that it was kept waiting', async () => {
  const host = new FakeHost()
  const turn = new Turn(host)
  host.at += 9
  expect(turn.pause()).toBeUndefined()
  host.at += 1
  await turn.pause()
  expect(host.turns).toBe(1)
  expect(turn.pause()).toBeUndefined()
  host.at += 10
  await turn.afterBatch()
  expect(host.turns).toBe(2)
})

test('and after sixteen batches, whatever its clock says', async () => {
  const host = new FakeHost()
  const turn = new Turn(host)
  for (let round = 1; round <= 3; round++) {
    for (let i = 0; i < 15; i++) expect(turn.afterBatch()).toBeUndefined()
    await turn.afterBatch()
    expect(host.turns).toBe(round)
  }
})

test('a clock that was set back means a turn at once, not none for long', async () => {
  const host = new FakeHost()
  const turn = new Turn(host)
  host.at -= 100_000
  await turn.pause()
  expect(host.turns).toBe(1)
  expect(turn.pause()).toBeUndefined()
})
