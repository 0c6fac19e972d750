import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { choosePorts, freePorts, isFree, takePort } from './ports.ts'

describe('the choice', () => {
  const take = (): boolean => true
  const free = async (): Promise<boolean> => true

  test('begins where it is told and goes round', async () => {
    expect(await choosePorts(2, { start: 0, take, isFree: free })).toEqual([20_000, 20_001])
    expect(await choosePorts(2, { start: 0.9999, take, isFree: free })).toEqual([29_999, 20_000])
  })

  test('leaves out what is in use and what another instance has taken', async () => {
    const ports = await choosePorts(3, {
      start: 0.5,
      isFree: async (port) => port !== 25_000,
      take: (port) => port !== 25_002,
    })
    expect(ports).toEqual([25_001, 25_003, 25_004])
  })

  test('stays below the ports of outgoing connections', async () => {
    for (const start of [0, 0.3, 0.999_999]) {
      const [port] = await choosePorts(1, { start, take, isFree: free })
      expect(port).toBeGreaterThanOrEqual(20_000)
      expect(port).toBeLessThan(32_768)
    }
  })

  test('says when there are not enough', async () => {
    const only = choosePorts(3, { start: 0, take, isFree: async (port) => port < 20_002 })
    await expect(only).rejects.toThrow('found 2 free ports from 20000 to 29999 on 127.0.0.1, need 3')
  })
})

test('a port is free when nothing listens there', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { readonly port: number }
  expect(await isFree(port)).toBe(false)
  await new Promise((resolve) => server.close(resolve))
  expect(await isFree(port)).toBe(true)
})

describe('ports that are taken', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidemark-ports-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('are taken once', () => {
    expect(takePort(folder, 20_000, 'a')).toBe(true)
    expect(takePort(folder, 20_000, 'b')).toBe(false)
    expect(takePort(folder, 20_001, 'b')).toBe(true)
  })

  test('are free again when their instance is gone', () => {
    takePort(folder, 20_000, 'a')
    takePort(folder, 20_001, 'b')
    freePorts(folder, (instance) => instance === 'b')
    expect(readdirSync(folder)).toEqual(['20001'])
    freePorts(join(folder, 'nothing'), () => false)
  })
})
