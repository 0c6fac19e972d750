// What may happen to a folder: a process that is killed at any time, two at once, no room, damage, and misuse.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Cell, ColdSession } from '@tidemark/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { embeddedColdStore, embeddedHotStore } from './index.ts'

let path: string
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tidemark-faults-'))
})
afterEach(() => rmSync(path, { recursive: true, force: true }))

const RESULTS = { name: 'a', windowMs: 1 }
const cell = (key: string, end: number, size = 300): Cell => ({
  key: Buffer.from(key),
  start: end - 1,
  end,
  correction: '',
  epoch: 0,
  revision: 0,
  value: new Uint8Array(size).fill(end % 256),
})
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()

interface Child {
  readonly lines: readonly string[]
  readonly kill: () => Promise<void>
  readonly said: (what: string) => Promise<void>
}

/** Another process, which says in lines what it has been told is durable. */
function child(role: string): Child {
  const script = fileURLToPath(new URL('../../test/embedded-child.ts', import.meta.url))
  const process_ = spawn(process.execPath, ['--conditions=@tidemark/source', script, role, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  let rest = ''
  process_.stdout.setEncoding('utf8').on('data', (more: string) => {
    const parts = (rest + more).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
  })
  const ended = once(process_, 'exit')
  return {
    lines,
    kill: async () => {
      process_.kill('SIGKILL')
      await ended
    },
    said: async (what) => {
      while (!lines.includes(what)) await once(process_.stdout, 'data')
    },
  }
}

describe('a process that is killed', () => {
  test('what it was told is durable is there, and of a call in flight all or nothing', async () => {
    for (let round = 0; round < 5; round++) {
      const writer = child('cold')
      await writer.said(String(20 + 7 * round))
      await writer.kill()
      const told = Math.max(...writer.lines.map(Number))
      const session = await embeddedColdStore({ path }).open(RESULTS)
      const [cells = []] = await session.read([Buffer.from('k')], -1, 1e9)
      const at = Number(text(await session.register('at')) || '0')
      // Ten cells each, then the register: it is never ahead of them.
      expect(cells.length % 10).toBe(0)
      expect(cells.length).toBeGreaterThanOrEqual(10 * at)
      expect(at).toBeGreaterThanOrEqual(told)
      await session.close()
    }
  }, 60_000)

  test('hot: cells and position go together', async () => {
    for (let round = 0; round < 5; round++) {
      const writer = child('hot')
      await writer.said(String(20 + 7 * round))
      await writer.kill()
      const session = await embeddedHotStore({ path, serveFor: '365d' }).open(RESULTS)
      const { cells, shards } = await session.read([Buffer.from('k')], -1, 1e9)
      const offset = shards.get('0')?.applied.get('p')?.offset ?? 0n
      expect(cells[0]).toHaveLength(10 * Number(offset))
      expect(Number(offset)).toBeGreaterThanOrEqual(Math.max(...writer.lines.map(Number)))
      await session.close()
    }
  }, 60_000)
})

test('two processes: compare-and-set counts every step of both', async () => {
  const session = await embeddedColdStore({ path }).open(RESULTS)
  const other = child('count')
  await other.said('0')
  for (let done = 0; done < 200;) {
    const held = await session.register('count')
    if (await session.compareAndSet('count', held, Buffer.from(String(Number(text(held) || '0') + 1)))) done++
  }
  await other.said('200')
  expect(text(await session.register('count'))).toBe('400')
  await other.kill()
  await session.close()
}, 60_000)

test('a folder that is full refuses whole calls, and goes on when it may be larger', async () => {
  const maxBytes = 2 ** 20
  const session = await embeddedColdStore({ path, maxBytes }).open(RESULTS)
  const put = (of: ColdSession, i: number): Promise<void> =>
    of.put(
      Array.from({ length: 100 }, (_, j) => cell('k', 100 * i + j)),
      { watermark: 0 },
    )
  let calls = 0
  const fill = async (): Promise<void> => {
    for (;;) {
      await put(session, calls)
      calls++
    }
  }
  await expect(fill()).rejects.toMatchObject({
    code: 'EMBEDDED_FULL',
    message: expect.stringContaining(path) as string,
  })
  await expect(session.compareAndSet('r', undefined, Buffer.from('1'))).rejects.toMatchObject({ code: 'EMBEDDED_FULL' })
  expect((await session.read([Buffer.from('k')], -1, 1e9))[0]).toHaveLength(100 * calls)
  const larger = await embeddedColdStore({ path, maxBytes: 2 * maxBytes }).open(RESULTS)
  await put(larger, calls)
  expect((await session.read([Buffer.from('k')], -1, 1e9))[0]).toHaveLength(100 * (calls + 1))
  await larger.close()
  await session.close()
})

describe('damage', () => {
  const file = (): string => join(path, 'data.mdb')
  const filled = async (): Promise<void> => {
    const session = await embeddedColdStore({ path }).open(RESULTS)
    const cells = Array.from({ length: 2_000 }, (_, i) => cell(`k${i}`, i))
    await session.put(cells, { watermark: 0 })
    await session.close()
  }
  const found = (what: string): object => ({
    code: 'EMBEDDED_DAMAGED',
    message: expect.stringContaining(what) as string,
  })

  test.each([
    ['not of LMDB', 'a file that is not of LMDB', (at: string) => writeFileSync(at, Buffer.alloc(8_192, 7))],
    ['cut in its first page', 'a file that is not of LMDB', (at: string) => truncateSync(at, 100)],
    ['cut behind its first page', 'without its second page', (at: string) => truncateSync(at, 4_096)],
    ['cut', 'that says it has', (at: string) => truncateSync(at, 8 * 4_096)],
  ])('a file that is %s', async (_, what, damage) => {
    await filled()
    damage(file())
    await expect(embeddedColdStore({ path }).open(RESULTS)).rejects.toMatchObject(found(what))
    // Not mended by opening it.
    await expect(embeddedHotStore({ path, serveFor: '1d' }).open(RESULTS)).rejects.toMatchObject(found(what))
  })

  test('pages that hold something else', async () => {
    await filled()
    const bytes = readFileSync(file()).fill(9, 2 * 4_096)
    writeFileSync(file(), bytes)
    await expect(embeddedColdStore({ path }).open(RESULTS)).rejects.toMatchObject(found('MDB_'))
  })

  test('what is no folder, and a file that is none', async () => {
    const at = join(path, 'file')
    writeFileSync(at, 'x')
    await expect(embeddedColdStore({ path: at }).open(RESULTS)).rejects.toMatchObject(found('irectory'))
    mkdirSync(join(path, 'data.mdb'))
    await expect(embeddedColdStore({ path }).open(RESULTS)).rejects.toMatchObject(found('no file'))
  })
})

test('a store outlives its sessions, and a closed session is refused', async () => {
  const session = await embeddedColdStore({ path }).open(RESULTS)
  await session.put([cell('k', 1)], { watermark: 0 })
  await session.close()
  await session.close()
  await expect(session.put([cell('k', 2)], { watermark: 0 })).rejects.toMatchObject({ code: 'EMBEDDED_CLOSED' })
  await expect(session.read([Buffer.from('k')], 0, 9)).rejects.toMatchObject({ code: 'EMBEDDED_CLOSED' })
  const again = await embeddedColdStore({ path }).open(RESULTS)
  expect((await again.read([Buffer.from('k')], 0, 9))[0]).toHaveLength(1)
  await again.close()
  expect(statSync(join(path, 'data.mdb')).size).toBeGreaterThan(0)
})

test('without sync: the same, for everything in a folder alike', async () => {
  const session = await embeddedColdStore({ path, sync: false }).open(RESULTS)
  await session.put([cell('k', 1)], { watermark: 0 })
  await expect(embeddedColdStore({ path }).open(RESULTS)).rejects.toMatchObject({ code: 'BAD_EMBEDDED' })
  await session.close()
  const again = await embeddedColdStore({ path }).open(RESULTS)
  expect((await again.read([Buffer.from('k')], 0, 9))[0]).toHaveLength(1)
  await again.close()
})

test('options that do not fit are refused', () => {
  expect(() => embeddedColdStore({ path: '' })).toThrow(expect.objectContaining({ code: 'BAD_EMBEDDED' }))
  expect(() => embeddedColdStore({ path, maxBytes: 4_096 })).toThrow(expect.objectContaining({ code: 'BAD_EMBEDDED' }))
  expect(() => embeddedHotStore({ path, serveFor: '0s' })).toThrow(expect.objectContaining({ code: 'BAD_DURATION' }))
})
