/** Owns bringing an HBase up on programs that are there: its processes, and what it then offers. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Instance, openInstance } from '../instance/instance.ts'
import { type Member, ProcessGroup } from '../instance/process-group.ts'
import { type JavaProgram, javaArgs } from '../machine/java.ts'
import { answerOf } from '../net/exchange.ts'
import { hbaseJavaOptions, hbaseProperties } from './configuration.ts'
import type { HBase, HBaseOptions, HBaseProcess } from './hbase.ts'
import { namespacesOverHttp, namespacesOverTcp } from './list-namespaces.ts'

export const hbaseVersion = '2.6.4'

type Gateway = Exclude<HBaseProcess, 'master'>

/** @throws Error when it does not come up; nothing is left of it then */
export async function launchHBase(program: JavaProgram, options: HBaseOptions = {}): Promise<HBase> {
  const instance = openInstance('hbase', options)
  try {
    return await launch(instance, program, options)
  } catch (error) {
    instance.remove()
    throw error
  }
}

async function launch(
  instance: Instance,
  program: JavaProgram,
  { transport = 'framed' }: HBaseOptions,
): Promise<HBase> {
  const { folder } = instance
  for (const name of ['tmp', 'logs']) mkdirSync(join(folder, name))
  const [zooKeeper, master, regionServer, framedPort, httpPort] = (await instance.ports(5)) as Five
  const ports = { zooKeeper, master, regionServer }
  const gateways: readonly Gateway[] = transport === 'both' ? ['framed', 'http'] : [transport]
  const url = `http://127.0.0.1:${httpPort}/`

  const answers = async (gateway: Gateway): Promise<boolean> => {
    const asked = gateway === 'framed' ? namespacesOverTcp(framedPort) : namespacesOverHttp(url)
    return (await answerOf(asked)) !== undefined
  }
  const log = (process: HBaseProcess): string => join(folder, 'logs', `${process}.log`)
  const member = (process: HBaseProcess, heap: string, main: string, args: readonly string[]): Member => {
    const properties = hbaseProperties(folder, ports, log(process), process === 'http')
    const call = {
      // Both gateways run the same classes.
      role: process === 'master' ? 'master' : 'gateway',
      heap,
      options: hbaseJavaOptions,
      properties: { ...properties, 'java.io.tmpdir': join(folder, 'tmp') },
      main: `org.apache.hadoop.hbase.${main}`,
      args,
    }
    const plan = {
      command: program.java.command,
      args: javaArgs(program, call),
      cwd: folder,
      log: join(folder, 'logs', `${process}.out`),
      moreLogs: [log(process)],
    }
    return { plan, ready: () => (process === 'master' ? masterServes() : answers(process)) }
  }
  /** Only a gateway can tell. Without one that runs there is nothing to ask, and nobody to be kept waiting. */
  const masterServes = async (): Promise<boolean> => {
    const running = gateways.find((gateway) => group.isRunning(gateway))
    return running === undefined || answers(running)
  }
  const gateway = 'thrift2.ThriftServer'
  const ends: Readonly<Record<Gateway, readonly string[]>> = {
    framed: ['-p', String(framedPort), '-b', '127.0.0.1', '-f'],
    http: ['-p', String(httpPort), '-b', '127.0.0.1'],
  }
  const members = new Map<HBaseProcess, Member>([
    ['master', member('master', '512m', 'master.HMaster', ['start'])],
    ...gateways.map((name): [HBaseProcess, Member] => [name, member(name, '256m', gateway, ends[name])]),
  ])
  const addresses = {
    framed: gateways.includes('framed') ? `127.0.0.1:${framedPort}` : undefined,
    http: gateways.includes('http') ? url : undefined,
  }
  const group = new ProcessGroup<HBaseProcess>(instance, members, () => ({
    version: hbaseVersion,
    ...(addresses.framed !== undefined && { 'thrift2, framed': addresses.framed }),
    ...(addresses.http !== undefined && { 'thrift2, http': addresses.http }),
    folder,
  }))
  await group.start()
  const stop = (): Promise<void> => group.stop()
  return {
    version: hbaseVersion,
    ...addresses,
    processes: [...members.keys()],
    pid: (process) => group.pid(process),
    log,
    kill: (process, signal) => group.kill(process, signal),
    restart: (process) => group.restart(process),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

type Five = [number, number, number, number, number]
