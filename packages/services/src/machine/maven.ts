/** Owns the jars: a pom of `packages/services/maven` becomes a class path, fetched once by Maven into the cache. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder, keyOf } from './cache.ts'
import { lastLines, run } from './commands.ts'
import { type Java, javaHome } from './java.ts'
import { provideTools } from './tools.ts'
import { type Say, ServiceUnavailable } from './unavailable.ts'

const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath'
/** Enough for a slow line, and a run of all tests still ends in its time when nothing answers. */
const timeoutMs = 240_000

export interface Jars {
  /** Said when they are fetched: `Kafka 4.4.0`. */
  readonly name: string
  /** `kafka` for `maven/kafka.xml`. */
  readonly pom: string
  readonly properties?: Readonly<Record<string, string>>
}

/** Call it while installing. @throws ServiceUnavailable when they are not here and cannot be fetched */
export async function provideClassPath({ name, pom, properties = {} }: Jars, java: Java, say: Say): Promise<string[]> {
  const file = fileURLToPath(new URL(`../../maven/${pom}.xml`, import.meta.url))
  const folder = join(cacheFolder(), 'class-paths')
  const list = join(folder, `${pom}-${keyOf(readFileSync(file, 'utf8'), JSON.stringify(properties))}`)
  const known = readClassPath(list)
  if (known !== undefined) return known

  await provideTools(['mvn'], say)
  say(`fetching the jars of ${name} by Maven`)
  mkdirSync(folder, { recursive: true })
  const part = `${list}.part`
  const args = [
    '--batch-mode',
    '--quiet',
    `--file=${file}`,
    // Its own repository: all that is ever fetched is in one folder that can be deleted.
    `-Dmaven.repo.local=${join(cacheFolder(), 'maven')}`,
    '-DincludeScope=runtime',
    `-Dmdep.outputFile=${part}`,
    ...Object.entries(properties).map(([key, value]) => `-D${key}=${value}`),
    goal,
  ]
  const env = { ...process.env, JAVA_HOME: javaHome(java) }
  const { passed, output } = await run('mvn', args, { timeoutMs, env, cwd: folder })
  if (!passed)
    throw new ServiceUnavailable(`The jars of ${name} could not be fetched by Maven:\n${lastLines(output, 6)}`)
  renameSync(part, list)
  const fetched = readClassPath(list)
  if (fetched === undefined) {
    rmSync(list, { force: true })
    throw new Error(`Maven says it fetched the jars of ${name}, but not all of them are there`)
  }
  return fetched
}

function readClassPath(list: string): string[] | undefined {
  if (!existsSync(list)) return undefined
  const jars = readFileSync(list, 'utf8').trim().split(':').toSorted()
  return jars.every((jar) => existsSync(jar)) ? jars : undefined
}
