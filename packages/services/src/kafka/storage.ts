/** Owns the empty storage of new nodes: Kafka's own tool formats it, and writes the users that only it can write. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { lastLines, run } from '../machine/commands.ts'
import { type JavaProgram, javaArgs } from '../machine/java.ts'
import { type KafkaCluster, kafkaUser, saslMechanisms } from './configuration.ts'

const timeoutMs = 120_000

/** @throws Error with what the tool says */
export async function formatStorage(program: JavaProgram, folder: string, cluster: KafkaCluster): Promise<void> {
  const { layouts } = cluster
  const clusterId = kafkaUuid()
  const voters = layouts.map(({ id, ports }) => `${id}@127.0.0.1:${ports.controller}:${kafkaUuid()}`)
  const quorum = layouts.length === 1 ? ['--standalone'] : ['--initial-controllers', voters.join(',')]
  // A class archive is written by the broker only.
  const reader = program.archives?.mode === 'write' ? { ...program, archives: undefined } : program
  await Promise.all(
    layouts.map(async ({ id }) => {
      const args = javaArgs(reader, {
        role: 'broker',
        heap: '128m',
        properties: {},
        main: 'kafka.tools.StorageTool',
        args: ['format', '-t', clusterId, '-c', join(folder, `node-${id}.properties`), ...quorum, ...users(cluster)],
      })
      const { passed, output } = await run(program.java.command, args, { timeoutMs, cwd: folder })
      if (!passed) throw new Error(`the storage of Kafka node ${id} was not formatted:\n${lastLines(output, 10)}`)
    }),
  )
}

/** Users of SCRAM live in the metadata, so they are there from the first moment; that of PLAIN is a property. */
function users({ secure }: KafkaCluster): readonly string[] {
  if (secure === undefined) return []
  const { username, password } = kafkaUser
  return saslMechanisms
    .filter((mechanism) => mechanism.startsWith('SCRAM-'))
    .flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${username},password=${password}]`])
}

/** 16 bytes as Kafka writes ids; the first is 0, since one that began with a hyphen would be read as an option. */
function kafkaUuid(): string {
  const bytes = randomBytes(16)
  bytes[0] = 0
  return bytes.toString('base64url')
}
