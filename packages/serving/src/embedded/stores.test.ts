// Both stores under the kits that every store must pass.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { coldStoreChecks, hotStoreChecks, virtualClock } from '@tidemark/testing'
import { afterAll, describe, test } from 'vitest'
import { embeddedColdStore, embeddedHotStore } from './index.ts'

const path = mkdtempSync(join(tmpdir(), 'tidemark-embedded-'))
afterAll(() => rmSync(path, { recursive: true, force: true }))

describe('cold', () => {
  test.each(coldStoreChecks(() => embeddedColdStore({ path })))('$name', ({ run }) => run(), 60_000)
})

describe('hot', () => {
  const clock = virtualClock()
  const make = (): ReturnType<typeof embeddedHotStore> => embeddedHotStore({ path, serveFor: '1m', clock })
  test.each(hotStoreChecks(make, { pass: (ms) => clock.advance(ms) }))('$name', ({ run }) => run(), 60_000)
})
