import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CheckpointSession } from '../io/checkpoint.ts'
import { nodeFiles } from './files.ts'
import { folder, folderOn } from './folder.ts'
import { machineProcesses } from './process-identity.ts'

let path: string
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tidemark-folder-'))
})
afterEach(() => rmSync(path, { recursive: true, force: true }))

const code = (text: string): unknown => expect.objectContaining({ code: text })
const name = (generation: number): string => `checkpoint-${String(generation).padStart(12, '0')}`
const file = (generation: number): string => join(path, 'job-visits', name(generation))
const files = (): string[] =>
  readdirSync(join(path, 'job-visits'))
    .filter((entry) => !entry.startsWith('lock-'))
    .toSorted()

async function withSession<T>(work: (session: CheckpointSession) => Promise<T>): Promise<T> {
  const session = await folder(path).open('visits')
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}

const load = (): Promise<unknown> => withSession((session) => session.load())

async function saveAll(...checkpoints: readonly unknown[]): Promise<void> {
  await withSession(async (session) => {
    for (const checkpoint of checkpoints) await session.save(checkpoint)
  })
}

function damage(generation: number): void {
  const bytes = readFileSync(file(generation))
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1
  writeFileSync(file(generation), bytes)
}

describe('a folder', () => {
  test('says what it is', () => {
    expect(folder('./state', { every: '5s' })).toMatchObject({ kind: 'folder(./state)', everyMs: 5_000 })
    expect(folder('./state').everyMs).toBe(1_000)
    expect(() => folder('')).toThrow(code('BAD_FOLDER'))
    expect(() => folder('./state', { every: '0s' })).toThrow(code('BAD_DURATION'))
  })

  test('is made when it is not there, and holds nothing at first', async () => {
    const session = await folder(join(path, 'deep', 'down')).open('visits')
    expect(await session.load()).toBeUndefined()
    await session.close()
    expect(readdirSync(join(path, 'deep', 'down'))).toEqual(['job-visits'])
  })

  test('gives back the newest checkpoint and keeps the one before', async () => {
    await saveAll('a', 'b', { c: new Map([[1n, new Float64Array([Number.NaN])]]) })
    expect(files()).toEqual([name(2), name(3)])
    expect(await load()).toStrictEqual({ c: new Map([[1n, new Float64Array([Number.NaN])]]) })
    await saveAll('d')
    expect(files()).toEqual([name(3), name(4)])
  })

  test('a checkpoint of undefined is a checkpoint', async () => {
    await saveAll('a', undefined)
    expect(await load()).toBeUndefined()
    expect(files()).toEqual([name(1), name(2)])
  })

  test('newest means generation, not the time of the file', async () => {
    await saveAll('a', 'b')
    utimesSync(file(1), 2_000_000_000, 2_000_000_000)
    utimesSync(file(2), 1, 1)
    expect(await load()).toBe('b')
  })

  test('what cannot be kept fails the save and leaves the last', async () => {
    await withSession(async (session) => {
      await session.save('a')
      await expect(session.save({ fn: () => {} })).rejects.toThrow(code('CHECKPOINT_NOT_PLAIN'))
      expect(await session.load()).toBe('a')
    })
  })
})

describe('damage', () => {
  test('of the newest: the previous one counts, the damaged one is kept aside, its number is not used again', async () => {
    await saveAll('a', 'b')
    damage(2)
    expect(await load()).toBe('a')
    expect(files()).toEqual([name(1), `${name(2)}.damaged`])
    expect(await load()).toBe('a')
    await saveAll('c', 'd')
    expect(files()).toEqual([`${name(2)}.damaged`, name(3), name(4)])
  })

  test('the previous one stays until there are two whole ones again', async () => {
    await saveAll('a', 'b')
    damage(2)
    await withSession(async (session) => {
      await session.load()
      await session.save('c')
    })
    expect(files()).toEqual([name(1), `${name(2)}.damaged`, name(3)])
  })

  test('of all: says so, again and again, and never starts anew in silence', async () => {
    await saveAll('a', 'b')
    damage(1)
    writeFileSync(file(2), '')
    for (let start = 0; start < 2; start++) {
      await expect(load()).rejects.toThrow(code('CHECKPOINT_DAMAGED'))
      await expect(load()).rejects.toThrow(
        `${name(2)} with 0 bytes, less than a header; ${name(1)} with a checksum that does not fit`,
      )
    }
    expect(files()).toEqual([name(1), name(2)])
  })

  test('only a damaged one that was set aside is left', async () => {
    await saveAll('a', 'b')
    damage(2)
    await load()
    rmSync(file(1))
    await expect(load()).rejects.toThrow(/set aside before.*delete the folder/)
  })

  test('random bytes at random places', async () => {
    await saveAll('a', { text: 'x'.repeat(200), column: new Float64Array(20) })
    const whole = readFileSync(file(2))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 5 }),
        async (changes) => {
          const bytes = Uint8Array.from(whole)
          for (const [at, change] of new Map(changes)) bytes[at] = (bytes[at] as number) ^ change
          writeFileSync(file(2), bytes)
          expect(await load()).toBe('a')
        },
      ),
      { numRuns: 100 },
    )
  })

  test('a whole file of a later version is not damaged: it is refused', async () => {
    const { createHash } = await import('node:crypto')
    await saveAll('a')
    const bytes = readFileSync(file(1))
    bytes.writeUInt32BE(3, 8)
    bytes.set(createHash('sha256').update(bytes.subarray(0, 20)).update(bytes.subarray(52)).digest(), 20)
    writeFileSync(file(1), bytes)
    await expect(load()).rejects.toThrow(/found format 3, expected format 2 or 1/)
    expect(files()).toEqual([name(1)])
  })
})

describe('the file system refuses', () => {
  test('an error that says where, and may be tried again', async () => {
    writeFileSync(join(path, 'job-visits'), 'a file where the folder should be')
    await expect(folder(path).open('visits')).rejects.toThrow(
      expect.objectContaining({
        code: 'CHECKPOINT_FAILED',
        retryable: true,
        message: expect.stringContaining('job-visits'),
      }),
    )
  })

  test('a full disk: the last checkpoint stays, nothing half-written does, and the next save works', async () => {
    let full = false
    const session = await folderOn(
      {
        ...nodeFiles,
        open: async (at, flags) => {
          const opened = await nodeFiles.open(at, flags)
          return {
            writeFile: async (bytes) => {
              if (!full) return opened.writeFile(bytes)
              await opened.writeFile(bytes.subarray(0, 10))
              throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
            },
            sync: () => opened.sync(),
            close: () => opened.close(),
          }
        },
      },
      machineProcesses,
      path,
    ).open('visits')
    await session.save('a')
    full = true
    await expect(session.save('b')).rejects.toThrow(/no space left.*the last checkpoint is untouched/)
    expect(files()).toEqual([name(1)])
    full = false
    expect(await session.load()).toBe('a')
    await session.save('c')
    await session.close()
    expect(await load()).toBe('c')
  })
})

test('leftovers are removed, other files are left alone', async () => {
  await saveAll('a')
  writeFileSync(`${file(2)}.tmp`, 'half')
  writeFileSync(join(path, 'job-visits', 'notes.txt'), 'mine')
  mkdirSync(join(path, 'other'))
  expect(await load()).toBe('a')
  expect(files()).toEqual([name(1), 'notes.txt'])
})
