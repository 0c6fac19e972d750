import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodeFiles } from './files.ts'
import { folder, folderOn } from './folder.ts'
import { type ProcessIdentity, type Processes, machineProcesses, parseStat } from './process-identity.ts'

let path: string
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tidemark-lock-'))
})
afterEach(() => rmSync(path, { recursive: true, force: true }))

const code = (text: string): unknown => expect.objectContaining({ code: text })
const at = (name: string): string => join(path, 'job-visits', name)
const locks = (): string[] => readdirSync(at('')).filter((name) => name.startsWith('lock-'))

/** Machines on which this process is another one. */
function as(identity: Partial<ProcessIdentity>): Processes {
  return { ...machineProcesses, self: async () => ({ ...(await machineProcesses.self()), ...identity }) }
}
const openAs = (identity: Partial<ProcessIdentity>): ReturnType<ReturnType<typeof folder>['open']> =>
  folderOn(nodeFiles, as(identity), path).open('visits')

/** The pid of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid as number
}

describe('one owner', () => {
  test('a second session in this process is refused, and told why', async () => {
    const first = await folder(path).open('visits')
    await expect(folder(path).open('visits')).rejects.toThrow(code('CHECKPOINT_LOCKED'))
    await expect(folder(path).open('visits')).rejects.toThrow(new RegExp(`process ${process.pid} .*drain it first`))
    await first.close()
    await (await folder(path).open('visits')).close()
  })

  test('other jobs in the same folder are no matter', async () => {
    const sessions = await Promise.all(
      [
        'visits',
        'Visits',
        'visits ',
        'visits/..',
        '',
        '..',
        'ü',
        '%',
        '\ud800',
        '\ud801',
        'x'.repeat(300),
        `${'x'.repeat(300)}y`,
      ].map((job) => folder(path).open(job)),
    )
    expect(readdirSync(path)).toHaveLength(sessions.length)
    for (const [i, session] of sessions.entries()) await session.save(i)
    for (const [i, session] of sessions.entries()) {
      expect(await session.load()).toBe(i)
      await session.close()
    }
  })

  test('two openings at once: one gets it', async () => {
    const tried = await Promise.allSettled(Array.from({ length: 8 }, () => folder(path).open('visits')))
    expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of tried)
      if (result.status === 'rejected') expect(result.reason).toEqual(code('CHECKPOINT_LOCKED'))
  })
})

describe('a lock that was left behind', () => {
  test('by a process that is gone', async () => {
    const pid = await deadPid()
    await openAs({ pid })
    const next = await folder(path).open('visits')
    expect(locks()).toEqual(['lock-2'])
    await next.close()
  })

  test('by a process whose pid another one has now', async () => {
    await openAs({ started: 'before/1' })
    await (await folder(path).open('visits')).close()
  })

  test('a live process keeps its lock', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'])
    try {
      const pid = child.pid as number
      await openAs({ pid, started: undefined })
      await expect(folder(path).open('visits')).rejects.toThrow(
        new RegExp(`process ${pid} .*Stop process ${pid} first`),
      )
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    await (await folder(path).open('visits')).close()
  })

  test('of another host: nobody can tell, so it stays, and the message says what to do', async () => {
    await openAs({ host: 'elsewhere', pid: await deadPid() })
    const refused = folder(path).open('visits')
    await expect(refused).rejects.toThrow(code('CHECKPOINT_LOCKED'))
    await expect(refused).rejects.toThrow(/on 'elsewhere'.*If that host is gone for good, delete '.*lock-1'/)
    rmSync(at('lock-1'))
    await (await folder(path).open('visits')).close()
  })

  test.each(['', '{"pid":', 'null', '{}'])('torn: %j', async (text) => {
    const first = await folder(path).open('visits')
    await first.close()
    writeFileSync(at('lock-1'), text)
    await (await folder(path).open('visits')).close()
    expect(locks()).toEqual(['lock-2'])
  })

  test('many racers, one winner, again and again', { timeout: 60_000 }, async () => {
    const racer = fileURLToPath(new URL('../../test/lock-racer.ts', import.meta.url))
    let stale = await deadPid()
    await openAs({ pid: stale })
    for (let round = 0; round < 3; round++) {
      const racers = Array.from({ length: 6 }, () =>
        spawn(process.execPath, [racer, path, 'visits'], { stdio: ['pipe', 'pipe', 'inherit'] }),
      )
      const lines = racers.map((child) => createInterface(child.stdout)[Symbol.asyncIterator]())
      const read = (): Promise<string[]> => Promise.all(lines.map(async (line) => (await line.next()).value ?? 'ended'))
      expect(await read()).toEqual(racers.map(() => 'ready'))
      for (const { stdin } of racers) stdin.write('go\n')
      const said = await read()
      expect(said.toSorted()).toEqual([...Array<string>(racers.length - 1).fill('CHECKPOINT_LOCKED'), 'won'])
      const winner = racers[said.indexOf('won')] as (typeof racers)[number]
      await expect(folder(path).open('visits')).rejects.toThrow(`process ${winner.pid} `)
      // The next round finds the lock of a process that was killed.
      stale = winner.pid as number
      winner.kill('SIGKILL')
      for (const child of racers) child.stdin.on('error', () => {}).end()
      await Promise.all(racers.map(async (child) => child.exitCode ?? child.signalCode ?? (await once(child, 'exit'))))
      expect(JSON.parse(readFileSync(at(locks()[0] as string), 'utf8'))).toMatchObject({ pid: stale, host: hostname() })
    }
  })

  test('racers on a file system without hard links', async () => {
    const files = {
      ...nodeFiles,
      link: async () => {
        throw Object.assign(new Error('no links here'), { code: 'EPERM' })
      },
    }
    await openAs({ pid: await deadPid() })
    const tried = await Promise.allSettled(
      Array.from({ length: 8 }, () => folderOn(files, machineProcesses, path).open('visits')),
    )
    expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('a racer that slept while others took and left the lock is too late', async () => {
    await openAs({ pid: await deadPid() })
    let wakeUp = (): void => {}
    const asleep = new Promise<void>((resolve) => {
      wakeUp = resolve
    })
    // It found lock-1 dead; before it takes lock-2, others take and release 2, take 3 and tidy up.
    const slow = folderOn(
      {
        ...nodeFiles,
        link: async (from, to) => {
          await asleep
          return nodeFiles.link(from, to)
        },
      },
      machineProcesses,
      path,
    ).open('visits')
    const settled = slow.then(
      () => 'won',
      (error: { code?: string }) => error.code,
    )
    await (await folder(path).open('visits')).close()
    const owner = await folder(path).open('visits')
    expect(locks().filter((name) => !name.endsWith('.tmp'))).toEqual(['lock-3'])
    wakeUp()
    expect(await settled).toBe('CHECKPOINT_LOCKED')
    await owner.save('still mine')
    await owner.close()
  })
})

describe('an owner that lost its lock', () => {
  test('notices before it writes', async () => {
    let opened = 0
    const files = {
      ...nodeFiles,
      open: (name: string, flags: 'r' | 'w' | 'wx') => {
        opened++
        return nodeFiles.open(name, flags)
      },
    }
    const first = await folderOn(files, as({ pid: await deadPid() }), path).open('visits')
    await first.save('first')
    opened = 0
    const second = await folder(path).open('visits')
    await second.save('second')
    const before = readdirSync(at('')).toSorted()
    await expect(first.save('again')).rejects.toThrow(code('CHECKPOINT_OWNER_LOST'))
    await expect(first.save('again')).rejects.toThrow(
      new RegExp(`found the lock of process ${process.pid} .*Nothing was written`),
    )
    await first.close()
    expect(opened).toBe(0)
    expect(readdirSync(at('')).toSorted()).toEqual(before)
    expect(await second.load()).toBe('second')
    await second.close()
  })

  test('while it was writing: nothing stays', async () => {
    const pid = await deadPid()
    let second: Awaited<ReturnType<typeof openAs>> | undefined
    const files = {
      ...nodeFiles,
      open: async (name: string, flags: 'r' | 'w' | 'wx') => {
        if (name.includes('checkpoint-') && second === undefined) second = await folder(path).open('visits')
        return nodeFiles.open(name, flags)
      },
    }
    const first = await folderOn(files, as({ pid }), path).open('visits')
    await expect(first.save('late')).rejects.toThrow(code('CHECKPOINT_OWNER_LOST'))
    expect(readdirSync(at(''))).toEqual(['lock-2'])
    expect(await second?.load()).toBeUndefined()
  })

  test('after close', async () => {
    const session = await folder(path).open('visits')
    await session.close()
    await session.close()
    await expect(session.save('late')).rejects.toThrow(/found a released lock/)
  })
})

describe('who a process is', () => {
  test('this one is alive, under the same identity each time', async () => {
    const self = await machineProcesses.self()
    expect(await machineProcesses.self()).toEqual(self)
    expect(await machineProcesses.liveness(self)).toBe('alive')
    expect(await machineProcesses.liveness({ ...self, started: undefined })).toBe('alive')
    expect(await machineProcesses.liveness({ ...self, host: `${self.host}-2` })).toBe('elsewhere')
    for (const pid of [0, -1, 1.5, Number.NaN]) expect(await machineProcesses.liveness({ ...self, pid })).toBe('dead')
    if (process.platform === 'linux') expect(self.started).toMatch(/^[0-9a-f-]{36}\/\d+$/)
  })

  test('a name with spaces and brackets does not shift the fields', () => {
    const fields = Array.from({ length: 48 }, (_, i) => i + 4)
    expect(parseStat(`77 (a) b (c) S ${fields.join(' ')}`)).toEqual({ state: 'S', startTicks: '22' })
    expect(parseStat('')).toBeUndefined()
    expect(parseStat('77 (x) S 1 2')).toBeUndefined()
  })
})
