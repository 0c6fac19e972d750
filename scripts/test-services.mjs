// The tests against real services; a word stands for a part of their paths, or for a group that is named here.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const groups = { stores: ['packages/redis/test/', 'packages/hbase/test/'] }

const args = process.argv.slice(2).flatMap((arg) => groups[arg] ?? [arg])
const shell = process.platform === 'win32'
const child = spawn('vitest', ['run', '--config', 'vitest.services.config.ts', ...args], { stdio: 'inherit', shell })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
