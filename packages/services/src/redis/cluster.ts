/** Owns making one cluster of several nodes, and telling when each of them finds it whole. */
import { lastLines, run } from '../machine/commands.ts'
import { answerOf } from '../net/exchange.ts'
import { askRedis } from './ask-redis.ts'
import type { RedisLayout, RedisSetup } from './configuration.ts'

const timeoutMs = 60_000

/** By Redis' own tool, which deals out slots and replicas. @throws Error with what it says */
export async function createCluster(
  layouts: readonly RedisLayout[],
  replicas: number,
  { certificate, password }: RedisSetup,
): Promise<void> {
  const nodes = layouts.map(({ port, tlsPort, busPort }) => `127.0.0.1:${tlsPort ?? port}@${busPort}`)
  const tls = certificate === undefined ? [] : ['--tls', '--cacert', certificate.certFile]
  const args = [...tls, '--cluster', 'create', ...nodes, '--cluster-replicas', String(replicas), '--cluster-yes']
  const { REDISCLI_AUTH: _, ...env } = process.env
  // Only when there is one: an empty one is sent too, and refused.
  const withPassword = password === undefined ? env : { ...env, REDISCLI_AUTH: password }
  const { passed, output } = await run('redis-cli', args, { timeoutMs, env: withPassword })
  if (!passed) throw new Error(`redis-cli made no cluster of ${layouts.length} nodes:\n${lastLines(output, 10)}`)
}

/**
 * Whether a node knows all others and that all slots are served, and a replica has its copy. The tool that creates
 * a cluster returns earlier, and a replica without a copy is never promoted.
 */
export async function findsClusterWhole(port: number, nodes: number, password: string | undefined): Promise<boolean> {
  const [cluster, replication] = await Promise.all([
    answerOf(askRedis(port, password, 'CLUSTER', 'INFO')),
    answerOf(askRedis(port, password, 'INFO', 'replication')),
  ])
  if (cluster === undefined || replication === undefined) return false
  const facts = cluster.split('\r\n')
  const whole = facts.includes('cluster_state:ok') && facts.includes(`cluster_known_nodes:${nodes}`)
  return whole && !replication.includes('master_link_status:down')
}

/** How many replicas a node knows of. */
export async function knownReplicas(port: number, password: string | undefined): Promise<number> {
  const nodes = (await answerOf(askRedis(port, password, 'CLUSTER', 'NODES'))) ?? ''
  return nodes.split('\n').filter((line) => line.split(' ')[2]?.split(',').includes('slave')).length
}
