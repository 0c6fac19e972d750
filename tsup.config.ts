import { readFileSync } from 'node:fs'
import { defineConfig } from 'tsup'

// Runs in a package's folder; the entries are the sources its package.json exports.
const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const entry = Object.values<any>(exports).flatMap((target) => target['@tidemark/source'] ?? [])

export default defineConfig({
  entry,
  format: ['esm', 'cjs'],
  target: 'node20',
  clean: true,
  sourcemap: true,
  splitting: true, // also for cjs: two entries of a package must share one StreamError
  dts: { compilerOptions: { types: ['node'], composite: false } },
})
