import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HBase } from './hbase/hbase.ts'
import { namespacesOverHttp, namespacesOverTcp } from './hbase/list-namespaces.ts'
import { startHBase } from './hbase/start-hbase.ts'
import { ownerOf } from './instance/owner.ts'
import { answerOf } from './net/exchange.ts'
import { canTest } from './testing/can-test.ts'

/** `default` and `hbase`: there from the beginning. */
const ownNamespaces = 2

describe.skipIf(!(await canTest('hbase')))('HBase with both gateways', () => {
  let hbase: HBase
  beforeAll(async () => {
    hbase = await startHBase({ transport: 'both' })
  })
  afterAll(() => hbase?.stop())
  const overTcp = (): Promise<number> => namespacesOverTcp(Number(hbase.framed!.split(':')[1]))
  const overHttp = (): Promise<number> => namespacesOverHttp(hbase.http!)

  test('answers Thrift2 over framed TCP and over HTTP', async () => {
    expect(hbase.processes).toEqual(['master', 'framed', 'http'])
    expect(await overTcp()).toBe(ownNamespaces)
    expect(await overHttp()).toBe(ownNamespaces)
  })

  test('a gateway can be killed alone and comes back', async () => {
    await hbase.kill('framed')
    expect(await answerOf(overTcp())).toBeUndefined()
    expect(await overHttp()).toBe(ownNamespaces)
    await hbase.restart('framed')
    expect(await overTcp()).toBe(ownNamespaces)
  })

  test('the master can be killed with all regions, and its gateways answer again after its restart', async () => {
    const before = hbase.pid('master')!
    await hbase.kill('master')
    expect(ownerOf(before)).toBeUndefined()
    await hbase.restart('master')
    expect(hbase.pid('master')).not.toBe(before)
    expect(await overTcp()).toBe(ownNamespaces)
  })

  test('stops and leaves nothing', async () => {
    const pids = hbase.processes.map((process) => hbase.pid(process)!)
    await hbase.stop()
    expect(pids.map((pid) => ownerOf(pid))).toEqual([undefined, undefined, undefined])
    expect(existsSync(dirname(dirname(hbase.log('master'))))).toBe(false)
  })
})

describe.skipIf(!(await canTest('hbase')))('HBase with one gateway', () => {
  test.each(['framed', 'http'] as const)('%s alone', async (transport) => {
    await using hbase = await startHBase({ transport })
    expect(hbase.processes).toEqual(['master', transport])
    expect([hbase.framed === undefined, hbase.http === undefined]).toEqual([
      transport === 'http',
      transport === 'framed',
    ])
  })
})
