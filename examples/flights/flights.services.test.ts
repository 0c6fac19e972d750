import { canTest } from '@tidemark/services'
import { describe, expect, test } from 'vitest'
import { screenOf } from '../screen.ts'
import { loadFlights } from './data.ts'
import { demo } from './demo.ts'
import { onServices } from './services.ts'

const can = (await canTest('kafka')) && (await canTest('redis')) && (await canTest('hbase'))

describe.skipIf(!can)('the demo on real services', () => {
  test('all answers equal the batch recomputation', async () => {
    const text: string[] = []
    const stores = await onServices()
    try {
      const flights = loadFlights().slice(0, 600)
      expect(await demo(screenOf({ write: (more) => text.push(more) }, {}), stores, { flights })).toBe(0)
    } finally {
      await stores.close()
    }
    expect(text.at(-1)).toBe('✔ 1,500 results, equal to the batch recomputation\n')
  }, 300_000)
})
