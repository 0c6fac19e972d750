// The log in a folder under the contract that every results log keeps.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ResultsLogBench, resultsLogChecks } from '@tidemark/testing'
import { afterAll, describe, test } from 'vitest'
import { embeddedLog } from './index.ts'

const root = mkdtempSync(join(tmpdir(), 'tidemark-contract-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let folders = 0
function made(): ResultsLogBench {
  const log = embeddedLog({ path: join(root, `${folders++}`) })
  return { log, sink: log.sink }
}

describe('embeddedLog keeps the contract', () => {
  test.each(resultsLogChecks(made))('$name', ({ run }) => run(), 60_000)
})
