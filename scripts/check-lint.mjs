// Lint and formatting: what oxlint finds is a mistake, what prettier finds is mended by `npm run format`.
import { spawnSync } from 'node:child_process'

const runs = [
  ['oxlint', '--type-aware', '--deny-warnings'],
  ['prettier', '--check', '--log-level', 'warn', '.'],
]
const failed = runs.filter(([command, ...args]) => spawnSync(command, args, { stdio: 'inherit' }).status !== 0)
for (const [command] of failed)
  console.error(`${command} found something${command === 'prettier' ? ': run npm run format' : ''}`)
process.exit(failed.length === 0 ? 0 : 1)
