// Runs every part of the check, also after one has failed, and says how each went.
import { spawnSync } from 'node:child_process'

const parts = {
  types: ['node', 'scripts/check-types.mjs'],
  lint: ['node', 'scripts/check-lint.mjs'],
  tests: ['vitest', 'run'],
  docs: ['node', 'scripts/docs-blocks.mjs'],
  pack: ['node', 'scripts/check-pack.mjs'],
}

const results = Object.entries(parts).map(([name, [command, ...args]]) => {
  console.log(`\n── ${name}`)
  const began = Date.now()
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  return { name, passed: status === 0, seconds: (Date.now() - began) / 1000 }
})

console.log()
for (const { name, passed, seconds } of results) {
  console.log(`${passed ? 'passed' : 'FAILED'}  ${name.padEnd(6)} ${seconds.toFixed(1).padStart(6)} s`)
}
const failed = results.filter((result) => !result.passed)
console.log(`check: ${results.length - failed.length} passed, ${failed.length} failed`)
process.exit(failed.length === 0 ? 0 : 1)
