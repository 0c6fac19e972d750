// Types of every package, its tests and its type tests (`*.test-d.ts`), by the pinned compiler.
import { spawnSync } from 'node:child_process'

const expected = 'Version 7.0.2'
// Two TypeScripts are installed: 6 for tools that use its API, 7 as `tsc`. A mix-up must not pass unseen.
const found = spawnSync('tsc', ['-v'], { encoding: 'utf8' }).stdout.trim()
if (found !== expected) {
  console.error(`tsc -v says "${found}", expected "${expected}"`)
  process.exit(1)
}
const done = spawnSync('tsc', ['-b', ...process.argv.slice(2)], { stdio: 'inherit' })
if (done.status === 0) console.log(`types: all projects compile (tsc ${found})`)
process.exit(done.status ?? 1)
