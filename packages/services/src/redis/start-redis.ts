/** Owns the door to a real Redis: installs it when it is missing, and starts one node or a cluster. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Instance, openInstance } from '../instance/instance.ts'
import { type Member, ProcessGroup } from '../instance/process-group.ts'
import { whileInstalling } from '../machine/cache.ts'
import { provideTools } from '../machine/tools.ts'
import { type Say, sayAloud } from '../machine/unavailable.ts'
import { makeCertificate } from '../net/certificate.ts'
import { answerOf } from '../net/exchange.ts'
import { askRedis } from './ask-redis.ts'
import { createCluster, findsClusterWhole, knownReplicas } from './cluster.ts'
import { type RedisLayout, redisConfiguration } from './configuration.ts'
import type { Redis, RedisOptions } from './redis.ts'

export interface StartRedisOptions extends RedisOptions {
  readonly say?: Say | undefined
}

const maxNodes = 9

/**
 * Starts a Redis that ends, with its data, at `stop()` or with this process.
 * @throws ServiceUnavailable when it cannot be had here; Error when it does not come up
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<Redis> {
  checkNodes(options)
  await installRedis(options.say)
  const instance = openInstance('redis', options)
  try {
    return await launch(instance, options)
  } catch (error) {
    instance.remove()
    throw error
  }
}

/** @throws ServiceUnavailable with what is missing */
export function installRedis(say: Say = sayAloud): Promise<void> {
  return whileInstalling(say, () => provideTools(['redis-server'], say))
}

/** @throws Error with what to write instead */
export function checkNodes({ nodes = 1, replicas = 0 }: Pick<RedisOptions, 'nodes' | 'replicas'>): void {
  if (!Number.isSafeInteger(nodes) || nodes < 1 || nodes === 2 || nodes > maxNodes)
    throw new Error(`nodes: found ${nodes}, expected 1, or 3 up to ${maxNodes} for a cluster`)
  if (!Number.isSafeInteger(replicas) || replicas < 0)
    throw new Error(`replicas: found ${replicas}, expected 0 or more`)
  const masters = nodes / (replicas + 1)
  if (replicas > 0 && !(Number.isSafeInteger(masters) && masters >= 3))
    throw new Error(`replicas: found ${replicas} for ${nodes} nodes, expected three masters at least, as 1 for 6`)
}

async function launch(instance: Instance, options: RedisOptions): Promise<Redis> {
  const { nodes = 1, replicas = 0, tls = false, password, appendOnly = false, settings = {} } = options
  const { folder } = instance
  const cluster = nodes > 1
  const certificate = tls ? await makeCertificate(folder) : undefined
  const setup = { certificate, password, appendOnly, settings }
  const file = (id: number, end: string): string => join(folder, `node-${id}.${end}`)

  const layouts: RedisLayout[] = []
  for (let id = 1; id <= nodes; id++) {
    const [port, tlsPort, busPort] = (await instance.ports(3)) as [number, number, number]
    const dataFolder = join(folder, `data-${id}`)
    mkdirSync(dataFolder)
    const layout = { id, port, tlsPort: tls ? tlsPort : undefined, busPort: cluster ? busPort : undefined, dataFolder }
    writeFileSync(file(id, 'conf'), redisConfiguration(layout, setup))
    layouts.push(layout)
  }

  let created = !cluster
  const members = layouts.map(({ id, port }): [number, Member] => {
    const plan = { command: 'redis-server', args: [file(id, 'conf')], cwd: folder, log: file(id, 'log') }
    const answers = async (): Promise<boolean> => (await answerOf(askRedis(port, password, 'PING'))) === 'PONG'
    const ready = (): Promise<boolean> => (created && cluster ? findsClusterWhole(port, nodes, password) : answers())
    return [id, { plan, ready }]
  })
  const addresses = layouts.map(({ port }) => `127.0.0.1:${port}`)
  const group = new ProcessGroup(instance, new Map(members), () => ({
    addresses: addresses.join(','),
    ...(certificate && {
      'with TLS': layouts.map(({ tlsPort }) => `127.0.0.1:${tlsPort}`).join(','),
      'certificate to trust': certificate.certFile,
    }),
    folder,
  }))
  await group.start(async () => {
    if (!created) await createCluster(layouts, replicas, setup)
    created = true
    if (!cluster) return true
    const replicaCount = nodes - nodes / (replicas + 1)
    const whole = await Promise.all(
      layouts.map(
        async ({ port }) =>
          (await findsClusterWhole(port, nodes, password)) && (await knownReplicas(port, password)) === replicaCount,
      ),
    )
    return whole.every(Boolean)
  })
  const stop = (): Promise<void> => group.stop()
  return {
    nodes: layouts.map(({ id, port, tlsPort }) => ({
      id,
      port,
      address: `127.0.0.1:${port}`,
      tlsPort,
      log: file(id, 'log'),
      get pid() {
        return group.pid(id)
      },
    })),
    addresses,
    cluster,
    tls: certificate && { ca: certificate.cert, cert: certificate.cert, key: certificate.key },
    password,
    kill: (node, signal) => group.kill(node, signal),
    restart: (node) => group.restart(node),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
