import { canTest, startKafka } from '@tidemark/services'
import { describe, expect, test } from 'vitest'
import { kappa } from './main.ts'

describe.skipIf(!(await canTest('kafka')))('the example on a real broker', () => {
  test('live, replay and batch say the same', async () => {
    await using broker = await startKafka()
    const lines: string[] = []
    const code = await kappa(broker.bootstrap, (text) => lines.push(text))
    expect([code, ...(code === 0 ? [] : lines)]).toEqual([0])
    expect(lines.at(0)).toMatch(/^live: {3}1707 records in, \d+ panes out, \d+ results so far$/)
    expect(lines.at(-1)).toMatch(/^\d+ results compared, equal to the batch recomputation$/)
  })
})
