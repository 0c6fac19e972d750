/** Owns the door to a real Kafka: installs what it runs on, once, and starts it. */
import { provideArchives } from '../machine/archives.ts'
import { whileInstalling } from '../machine/cache.ts'
import type { JavaProgram } from '../machine/java.ts'
import { provideProgram } from '../machine/maven.ts'
import { type Say, sayAloud } from '../machine/unavailable.ts'
import type { Kafka, KafkaOptions } from './kafka.ts'
import { launchKafka } from './launch-kafka.ts'

/** Those that were tried. The first is the one that is started unless told. */
export const kafkaVersions = ['4.4.0', '3.9.2'] as const
export type KafkaVersion = (typeof kafkaVersions)[number]

export interface StartKafkaOptions extends KafkaOptions {
  readonly version?: KafkaVersion | undefined
  readonly say?: Say | undefined
}

/**
 * Starts a Kafka that ends, with its data, at `stop()` or with this process.
 * @throws ServiceUnavailable when it cannot be had here; Error when it does not come up
 */
export async function startKafka(options: StartKafkaOptions = {}): Promise<Kafka> {
  const { version = kafkaVersions[0], say = sayAloud } = options
  return launchKafka(await installKafka(version, say), version, options)
}

const installed = new Map<string, Promise<JavaProgram>>()

/** @throws ServiceUnavailable with what is missing */
export function installKafka(version: KafkaVersion = kafkaVersions[0], say: Say = sayAloud): Promise<JavaProgram> {
  const known = installed.get(version)
  if (known !== undefined) return known
  const program = whileInstalling(say, () => install(version, say))
  installed.set(version, program)
  // What is missing may be there at the next try.
  program.catch(() => installed.delete(version))
  return program
}

async function install(version: KafkaVersion, say: Say): Promise<JavaProgram> {
  const jars = { name: `Kafka ${version}`, pom: 'kafka', properties: { 'kafka.version': version } }
  const program = await provideProgram(jars, say)
  return provideArchives(program, `kafka-${version}`, ['broker'], say, async (training) => {
    await using kafka = await launchKafka(training, version)
    // Java writes the archive at an orderly end.
    await kafka.kill(1, 'SIGTERM')
  })
}
