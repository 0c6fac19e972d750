import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { instances, openInstance } from './instance.ts'
import { isAlive, ownerOf } from './owner.ts'

describe.skipIf(process.platform !== 'linux')('instances', () => {
  let temporary: string
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'tidemark-instances-'))
    vi.stubEnv('TMPDIR', temporary)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(temporary, { recursive: true })
  })

  test('a process is told from another one that got its pid', () => {
    const self = ownerOf(process.pid)!
    expect(isAlive(self)).toBe(true)
    expect(isAlive({ ...self, started: `${self.started}0` })).toBe(false)
    expect(ownerOf(2 ** 30)).toBeUndefined()
  })

  test('one is there from its opening to its removal, with what it publishes', () => {
    const instance = openInstance('redis', { name: 'mine', kept: true })
    expect(existsSync(instance.folder)).toBe(true)
    instance.publish({ addresses: '127.0.0.1:1' })
    expect(instances()).toMatchObject([
      { name: 'mine', kind: 'redis', kept: true, owner: { pid: process.pid }, facts: { addresses: '127.0.0.1:1' } },
    ])
    instance.remove()
    instance.remove()
    expect(existsSync(instance.folder)).toBe(false)
    expect(instances()).toEqual([])
  })

  test('names are given once, and unnamed ones differ', () => {
    const first = openInstance('kafka', { name: 'mine' })
    expect(() => openInstance('kafka', { name: 'mine' })).toThrow(/'mine' is running already/)
    first.remove()
    openInstance('kafka', { name: 'mine' }).remove()
    expect(openInstance('kafka').name).not.toBe(openInstance('kafka').name)
  })

  test.each(['', '../up', 'Capital', '-first', 'a'.repeat(41), '.ports'])('the name %j is refused', (name) => {
    expect(() => openInstance('kafka', { name })).toThrow(/expected at most 40 small letters/)
  })

  test('what a dead owner left is swept, with its ports', async () => {
    const living = openInstance('redis', { name: 'living' })
    const [port] = await living.ports(1)
    const root = join(living.folder, '..')
    for (const name of ['dead', `.new-${2 ** 30}-ab`]) mkdirSync(join(root, name))
    const owner = { pid: process.pid, started: 'another boot/1' }
    writeFileSync(join(root, 'dead', 'instance.json'), JSON.stringify({ name: 'dead', owner }))
    mkdirSync(join(root, 'without-record'))
    symlinkSync('dead', join(root, '.ports', '19999'))

    expect(instances().map(({ name }) => name)).toEqual(['living'])
    expect(readdirSync(root).toSorted()).toEqual(['.ports', 'living'])
    expect(readdirSync(join(root, '.ports'))).toEqual([String(port)])
    living.remove()
    expect(readdirSync(join(root, '.ports'))).toEqual([])
  })

  test('on request a stopped one is put aside instead of deleted', () => {
    vi.stubEnv('TIDEMARK_SERVICES_KEEP', '1')
    const instance = openInstance('redis', { name: 'mine' })
    writeFileSync(join(instance.folder, 'log'), 'text')
    instance.remove()
    expect(existsSync(instance.folder)).toBe(false)
    const kept = readdirSync(temporary, { recursive: true, encoding: 'utf8' })
    expect(kept.filter((path) => /-kept\/mine-\w+\/log$/.test(path))).toHaveLength(1)
  })

  test('a folder for all that is something else is not used', () => {
    mkdirSync(join(temporary, 'elsewhere'))
    symlinkSync(join(temporary, 'elsewhere'), join(temporary, `tidemark-services-${process.getuid?.()}`))
    expect(() => instances()).toThrow(/is not a folder of this user/)
  })
})
