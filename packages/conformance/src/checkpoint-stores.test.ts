// The contract of checkpoint stores, on files.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { folder } from '@tidemark/core/folder'
import { checkpointStoreChecks } from '@tidemark/testing'
import { afterAll, describe, test } from 'vitest'

const root = mkdtempSync(join(tmpdir(), 'tidemark-checkpoints-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let folders = 0
describe('a folder', () => {
  const checks = checkpointStoreChecks(() => folder(join(root, `${folders++}`)), { runs: 100, exclusive: true })
  test.each(checks)('$name', ({ run }) => run(), 60_000)
})
