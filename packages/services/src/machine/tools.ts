/**
 * Owns which programs of the system the services need, and getting them: found where they are, else by apt-get.
 * It only ever adds Debian packages, and only as root.
 */
import { existsSync } from 'node:fs'
import { find, isProgram, lastLines, run } from './commands.ts'
import { findJava, javaRange } from './java.ts'
import { type Say, ServiceUnavailable } from './unavailable.ts'

export type Tool = 'java' | 'mvn' | 'redis-server'

const tools: Readonly<Record<Tool, { readonly name: string; readonly packages: readonly string[] }>> = {
  // The first one that this Debian has.
  java: { name: javaRange, packages: ['openjdk-17-jre-headless', 'openjdk-21-jre-headless'] },
  mvn: { name: 'Maven', packages: ['maven'] },
  'redis-server': { name: 'Redis 7 or newer', packages: ['redis-server'] },
}

const updateTimeoutMs = 180_000
const installTimeoutMs = 420_000
/** apt-get neither asks, nor waits for ever for another apt-get or for a network that swallows what it is sent. */
const aptOptions = [
  '-q',
  '-y',
  '-o',
  'DPkg::Lock::Timeout=180',
  '-o',
  'Acquire::Retries=1',
  '-o',
  'Acquire::http::Timeout=30',
]

/** What is known of the machine; the rules below are plain functions of it. */
export interface Machine {
  readonly linux: boolean
  readonly root: boolean
  readonly has: (program: string) => boolean
}

export function thisMachine(): Machine {
  return {
    linux: process.platform === 'linux',
    root: process.getuid?.() === 0,
    has: (program) => find(program) !== undefined,
  }
}

/** Why the tools cannot be installed here, in plain words; undefined: they can be tried. */
export function whyNot(missing: readonly Tool[], machine: Machine): string | undefined {
  const names = missing.map((tool) => tools[tool].name).join(' and ')
  if (!machine.linux) return 'The services run on Linux only.'
  for (const helper of ['setpriv', 'flock']) {
    if (!machine.has(helper)) return `${helper} is missing: it is part of util-linux.`
  }
  if (missing.length === 0) return undefined
  const packages = missing.map((tool) => tools[tool].packages[0]).join(' ')
  const byHand = `Install ${missing.length === 1 ? 'it' : 'them'} yourself (Debian: apt-get install ${packages}).`
  if (!machine.has('apt-get')) return `${names} not found, and there is no apt-get. ${byHand}`
  if (!machine.root) return `${names} not found, and only root may install packages. ${byHand}`
  return undefined
}

let listsFetched = false

/** Makes the tools available. Call it while installing. @throws ServiceUnavailable with what is missing */
export async function provideTools(wanted: readonly Tool[], say: Say): Promise<void> {
  const missing: Tool[] = []
  for (const tool of wanted) if (!(await isThere(tool))) missing.push(tool)
  const problem = whyNot(missing, thisMachine())
  if (problem !== undefined) throw new ServiceUnavailable(problem)
  if (missing.length === 0) return
  const names = missing.map((tool) => tools[tool].name).join(' and ')
  say(`installing ${names} by apt-get`)
  if (!listsFetched) {
    await aptGet(['update'], updateTimeoutMs, `${names} not found, and the package lists could not be fetched`)
    listsFetched = true
  }
  const packages: string[] = []
  for (const tool of missing) packages.push(await firstKnown(tools[tool].packages))
  const failure = `${names} not found, and apt-get could not install ${packages.join(' ')}`
  await aptGet(['install', '--no-install-recommends', ...packages], installTimeoutMs, failure)
  if (missing.includes('redis-server')) await endDaemon('redis-server')
  for (const tool of missing)
    if (!(await isThere(tool))) throw new ServiceUnavailable(`${failure} in a usable version.`)
}

async function isThere(tool: Tool): Promise<boolean> {
  if (tool === 'java') return (await findJava()) !== undefined
  if (tool === 'mvn') return find('mvn') !== undefined
  return (await redisVersion()) >= 7
}

/** The major version of redis-server, 0 when there is none. Before 7 it could not be told its cluster port. */
async function redisVersion(): Promise<number> {
  if (find('redis-server') === undefined) return 0
  const { output } = await run('redis-server', ['--version'], { timeoutMs: 10_000 })
  return Number(/\bv=(\d+)\./.exec(output)?.[1] ?? 0)
}

async function aptGet(args: readonly string[], timeoutMs: number, failure: string): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { passed, output } = await run('apt-get', [...aptOptions, ...args], { timeoutMs, env, bound: false })
  // apt-get update passes when it reached nothing, as long as it still has old lists; the installation then tells.
  if (!passed) throw new ServiceUnavailable(`${failure}:\n${lastLines(output, 2)}`)
}

async function firstKnown(packages: readonly string[]): Promise<string> {
  for (const name of packages) {
    if ((await run('apt-cache', ['show', '--no-all-versions', name], { timeoutMs: 60_000 })).passed) return name
  }
  return packages[0]!
}

/** Debian starts what it installs; the services here are started on free ports of their own, or not at all. */
async function endDaemon(name: string): Promise<void> {
  const [command, args] = existsSync('/run/systemd/system')
    ? ['systemctl', ['disable', '--now', name]]
    : ['/usr/sbin/invoke-rc.d', [name, 'stop']]
  if (command === 'systemctl' || isProgram(command)) await run(command, args, { timeoutMs: 30_000 })
}
