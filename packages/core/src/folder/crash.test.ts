// The machine stops at every step of a save. What was not synced is lost: contents that were written but not fsynced are
// cut, renames in a folder that was not fsynced are undone. So a missing or misplaced fsync shows.
import { mkdtempSync, renameSync, rmSync, existsSync, readFileSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { dividable } from '../io/pieces.ts'
import { type Files, nodeFiles } from './files.ts'
import { folder, folderOn } from './folder.ts'
import { machineProcesses } from './process-identity.ts'

let path: string
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tidemark-crash-'))
})
afterEach(() => rmSync(path, { recursive: true, force: true }))

/** A file system on a machine that stops before its n-th step, and then does nothing any more. */
class Machine {
  readonly #unsynced = new Set<string>()
  #renames: (readonly [from: string, to: string])[] = []
  steps = 0
  stopAt = Number.POSITIVE_INFINITY
  readonly names: string[] = []

  #step(name: string): void {
    if (this.steps + 1 >= this.stopAt) {
      this.steps = this.stopAt
      throw new Error(`stopped before ${name}`)
    }
    this.steps++
    this.names.push(name)
  }

  readonly files: Files = {
    mkdir: (at, options) => this.#do('mkdir', () => nodeFiles.mkdir(at, options)),
    readFile: (at) => this.#do('readFile', () => nodeFiles.readFile(at)),
    readdir: (at) => this.#do('readdir', () => nodeFiles.readdir(at)),
    unlink: (at) => this.#do('unlink', () => nodeFiles.unlink(at)),
    link: (from, to) => this.#do('link', () => nodeFiles.link(from, to)),
    rename: (from, to) =>
      this.#do('rename', async () => {
        await nodeFiles.rename(from, to)
        this.#renames.push([from, to])
        if (this.#unsynced.delete(from)) this.#unsynced.add(to)
      }),
    open: (at, flags) =>
      this.#do(`open ${flags}`, async () => {
        const opened = await nodeFiles.open(at, flags)
        return {
          writeFile: async (bytes) => {
            this.#unsynced.add(at)
            try {
              this.#step('write')
            } catch (stopped) {
              await opened.writeFile(bytes.subarray(0, bytes.length / 2))
              await opened.close()
              throw stopped
            }
            await opened.writeFile(bytes)
          },
          sync: () =>
            this.#do(flags === 'r' ? 'sync folder' : 'sync', async () => {
              this.#unsynced.delete(at)
              if (flags === 'r') this.#renames = this.#renames.filter(([, to]) => dirname(to) !== at)
            }),
          // A machine that stopped closes everything.
          close: () => opened.close().catch(() => {}),
        }
      }),
  }

  async #do<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#step(name)
    return work()
  }

  /** What the disk holds when the machine is on again. */
  losePower(): void {
    for (const at of this.#unsynced) if (existsSync(at)) truncateSync(at, Math.floor(readFileSync(at).length / 2))
    for (const [from, to] of this.#renames.toReversed()) if (existsSync(to)) renameSync(to, from)
  }
}

/** A process that is dead by the time anybody looks. */
const doomed = { ...machineProcesses, self: async () => ({ ...(await machineProcesses.self()), started: 'before/1' }) }

async function saveUntil(
  stopAt: number,
  saves: readonly string[],
  checkpointOf: (save: string) => unknown = (save) => save,
): Promise<{ machine: Machine; done: string | undefined; begun: string | undefined }> {
  const machine = new Machine()
  let done: string | undefined
  let begun: string | undefined
  try {
    const session = await folderOn(machine.files, doomed, path).open('visits')
    await session.load()
    machine.stopAt = machine.steps + stopAt
    for (const save of saves) {
      begun = save
      await session.save(checkpointOf(save))
      done = save
    }
  } catch (error) {
    if (machine.stopAt === Number.POSITIVE_INFINITY) throw error
  }
  return { machine, done, begun }
}

test('a save is: check, write, sync, check, rename, sync the folder, remove the oldest', async () => {
  const { machine } = await saveUntil(Number.POSITIVE_INFINITY, ['a', 'b'])
  const before = machine.names.length
  expect(before).toBeGreaterThan(0)
  const third = await saveUntil(Number.POSITIVE_INFINITY, ['c'])
  const save = third.machine.names.slice(third.machine.names.lastIndexOf('open w') - 2)
  expect(save).toEqual([
    'readdir',
    'readFile',
    'open w',
    'write',
    'sync',
    'readdir',
    'readFile',
    'rename',
    'open r',
    'sync folder',
    'unlink',
  ])
})

test.each([false, true])(
  'stopped before every step (power lost: %s), the old or the new checkpoint is whole',
  async (powerLost) => {
    let outcomes = ''
    for (let stopAt = 1; ; stopAt++) {
      const { machine, done, begun } = await saveUntil(stopAt, ['a', 'b', 'c'])
      if (powerLost) machine.losePower()
      const session = await folder(path).open('visits')
      const found = await session.load()
      // What was reported durable is there, or what was being written after it.
      expect([done, begun]).toContain(found)
      outcomes += found === done ? 'o' : 'n'
      // And life goes on from there.
      await session.save('next')
      await session.close()
      const again = await folder(path).open('visits')
      expect(await again.load()).toBe('next')
      await again.close()
      rmSync(path, { recursive: true })
      if (done === 'c') break
    }
    // Cut before and after the point of no return: the rename, or where power is lost the sync of the folder.
    expect(outcomes).toMatch(powerLost ? /^o+no$/ : /^o+n+o+n+o+n+o$/)
  },
)

test('stopped between any two chunks of a large checkpoint, the old or the new one is whole', async () => {
  const numbers = new Float64Array(300_000).fill(1)
  const large = (from: string): unknown => dividable({ from, numbers })
  const writes: number[] = []
  for (let stopAt = 1, complete = false; !complete; stopAt++) {
    const { machine, done, begun } = await saveUntil(stopAt, ['a', 'b'], large)
    machine.losePower()
    const session = await folder(path).open('visits')
    const found = (await session.load()) as { from: string; numbers: Float64Array } | undefined
    expect([done, begun]).toContain(found?.from)
    if (found !== undefined) expect(found.numbers).toEqual(numbers)
    await session.close()
    rmSync(path, { recursive: true })
    writes.push(machine.names.filter((name) => name === 'write').length)
    complete = done === 'b'
  }
  // The lock, and several chunks of each of both.
  expect(Math.max(...writes)).toBeGreaterThanOrEqual(1 + 2 * 3)
  expect(new Set(writes).size).toBeGreaterThanOrEqual(2 * 3)
})

test('stopped at every step of taking over a lock and loading: the next start finds everything', async () => {
  for (let stopAt = 1; ; stopAt++) {
    const first = await folderOn(nodeFiles, doomed, path).open('visits')
    await first.save('kept')
    const machine = new Machine()
    machine.stopAt = stopAt
    let loaded: unknown
    try {
      loaded = await (await folderOn(machine.files, doomed, path).open('visits')).load()
    } catch {
      machine.losePower()
    }
    const session = await folder(path).open('visits')
    expect(await session.load()).toBe('kept')
    await session.close()
    rmSync(path, { recursive: true })
    if (loaded === 'kept') break
    expect(stopAt).toBeLessThan(100)
  }
})
