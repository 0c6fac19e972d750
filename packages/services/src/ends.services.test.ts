import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { instances } from './instance/instance.ts'
import { ownerOf } from './instance/owner.ts'
import { until } from './instance/until.ts'
import { run } from './machine/commands.ts'
import { canTest } from './testing/can-test.ts'

const limit = { timeoutMs: 60_000 }
const here = await canTest('redis')

async function held(): Promise<{ readonly child: ChildProcess; readonly pid: number; readonly folder: string }> {
  const program = fileURLToPath(new URL('../test/hold-redis.ts', import.meta.url))
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  return { child, ...(JSON.parse(line.toString()) as { pid: number; folder: string }) }
}

describe.skipIf(!here)('a service ends with the process that started it', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s: its data too, and the signal still counts',
    async (signal) => {
      const { child, pid, folder } = await held()
      const ended = once(child, 'exit')
      child.kill(signal)
      expect(await ended).toEqual([null, signal])
      await until('the service ends', async () => ownerOf(pid) === undefined, limit)
      expect(existsSync(folder)).toBe(false)
    },
  )

  test('kill -9: the service at once, its data at the next look', async () => {
    const { child, pid, folder } = await held()
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    await until('the service ends', async () => ownerOf(pid) === undefined, limit)
    expect(instances().map(({ owner }) => owner.pid)).not.toContain(child.pid)
    expect(existsSync(folder)).toBe(false)
  })

  test('a service that dies by itself lets its process end', async () => {
    const { child, pid, folder } = await held()
    const ended = once(child, 'exit')
    process.kill(pid, 'SIGKILL')
    expect(await ended).toEqual([0, null])
    expect(existsSync(folder)).toBe(false)
  })
})

describe.skipIf(!here)('the command line', () => {
  const name = `redis-of-test-${process.pid}`
  const main = fileURLToPath(new URL('./cli/main.ts', import.meta.url))
  const services = (...args: readonly string[]): ReturnType<typeof run> =>
    run(process.execPath, [main, ...args], { timeoutMs: 60_000 })
  const record = (): ReturnType<typeof instances>[number] | undefined =>
    instances().find((instance) => instance.name === name)

  test('starts what stays until it is stopped', async () => {
    const started = await services('start', 'redis', '--name', name)
    expect(started).toEqual({ passed: true, output: expect.stringContaining(`npm run services -- stop ${name}`) })
    const pid = Number(/1: (\d+)/.exec(record()!.facts['pids']!)![1])
    expect(ownerOf(pid)).toBeDefined()
    expect((await services('status')).output).toMatch(new RegExp(`^${name} \\(redis\\)\\n {2}addresses +127`, 'm'))
    const again = await services('start', 'redis', '--name', name)
    expect(again).toEqual({ passed: false, output: expect.stringContaining('is running already') })
    expect(await services('stop', name)).toEqual({ passed: true, output: `stopped ${name}\n` })
    expect([ownerOf(pid), record()]).toEqual([undefined, undefined])
    expect((await services('stop', name)).output).toContain(`no service is called '${name}'`)
  })

  test('its host may be killed -9: nothing is left', async () => {
    await services('start', 'redis', '--name', name)
    const { owner, facts } = record()!
    const pid = Number(/1: (\d+)/.exec(facts['pids']!)![1])
    process.kill(owner.pid, 'SIGKILL')
    await until('the service ends', async () => ownerOf(pid) === undefined, limit)
    expect(record()).toBeUndefined()
  })

  test('a bad option is told, and how to learn the good ones', async () => {
    const bad = await services('start', 'redis', '--nodes', '2')
    expect(bad.passed).toBe(false)
    expect(bad.output).toMatch(/found 2, expected 1, or 3 up to 9 .*\n.*services -- help/)
  })
})
