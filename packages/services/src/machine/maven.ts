/** Owns the jars: a pom of `packages/services/maven` becomes a class path, fetched once by Maven into the cache. */
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder, keyOf } from './cache.ts'
import { lastLines, run } from './commands.ts'
import { type Java, type JavaProgram, findJava, javaHome } from './java.ts'
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

/**
 * Java and the jars. Call it while installing.
 * @throws ServiceUnavailable when they are not here and cannot be had
 */
export async function provideProgram(jars: Jars, say: Say): Promise<JavaProgram> {
  const { name, pom, properties = {} } = jars
  const file = fileURLToPath(new URL(`../../maven/${pom}.xml`, import.meta.url))
  const key = keyOf(readFileSync(file, 'utf8'), JSON.stringify(properties))
  const list = join(cacheFolder(), 'class-paths', `${pom}-${key}`)
  const known = readClassPath(list)
  // Together, so that all that is missing is told at once.
  await provideTools(known === undefined ? ['java', 'mvn'] : ['java'], say)
  const java = (await findJava())!
  if (known === undefined) {
    say(`fetching the jars of ${name} by Maven`)
    await fetchJars(jars, file, list, java)
  }
  const classPath = known ?? readClassPath(list)
  if (classPath === undefined)
    throw new Error(`Maven says it fetched the jars of ${name}, but not all of them are there`)
  return { java, classPath, archives: undefined }
}

async function fetchJars({ name, properties = {} }: Jars, file: string, list: string, java: Java): Promise<void> {
  const folder = dirname(list)
  mkdirSync(folder, { recursive: true })
  const part = `${list}.part`
  const args = [
    '--batch-mode',
    '--quiet',
    `--file=${file}`,
    '-Dstyle.color=never',
    // Its own repository: all that is ever fetched is in one folder that can be deleted.
    `-Dmaven.repo.local=${join(cacheFolder(), 'maven')}`,
    '-DincludeScope=runtime',
    `-Dmdep.outputFile=${part}`,
    ...Object.entries(properties).map(([key, value]) => `-D${key}=${value}`),
    goal,
  ]
  const env = { ...process.env, JAVA_HOME: javaHome(java) }
  const { passed, output } = await run('mvn', args, { timeoutMs, env, cwd: folder })
  if (!passed) throw new ServiceUnavailable(`The jars of ${name} could not be fetched by Maven: ${firstError(output)}`)
  renameSync(part, list)
}

/** What Maven says first is what is wrong; what follows are hints for who runs it by hand. */
function firstError(output: string): string {
  return /\[ERROR\] +(\S.*)/.exec(output)?.[1] ?? lastLines(output, 2)
}

function readClassPath(list: string): string[] | undefined {
  if (!existsSync(list)) return undefined
  const jars = readFileSync(list, 'utf8').trim().split(':').toSorted()
  return jars.every((jar) => existsSync(jar)) ? jars : undefined
}
