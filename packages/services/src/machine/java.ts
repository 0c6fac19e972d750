/** Owns finding a Java that Kafka and HBase run on, and how their Java processes are called. */
import { readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { find, isProgram, run } from './commands.ts'

/** Kafka 4 needs 17; from 24 on Java lacks what the Hadoop inside HBase asks for. */
const oldest = 17
const newest = 23
export const javaRange: string = `Java ${oldest} to ${newest}`

export interface Java {
  readonly command: string
  /** All that `java -version` says: archives of classes are good for exactly this one. */
  readonly version: string
}

let found: Java | undefined

/** `JAVA_HOME`, then the path, then where Debian keeps them all; the first of the right age. */
export async function findJava(): Promise<Java | undefined> {
  if (found !== undefined) return found
  for (const command of candidates()) {
    const { passed, output } = await run(command, ['-version'], { timeoutMs: 30_000 })
    const major = passed ? javaMajor(output) : 0
    if (major >= oldest && major <= newest) return (found = { command, version: output.trim() })
  }
  return undefined
}

function candidates(): readonly string[] {
  const { JAVA_HOME: home } = process.env
  const paths = [home && join(home, 'bin', 'java'), find('java'), ...installed('/usr/lib/jvm')]
  const programs = paths.filter((path) => path !== undefined && isProgram(path)) as string[]
  return [...new Set(programs.map((path) => realpathSync(path)))]
}

function installed(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .toSorted()
      .map((name) => join(folder, name, 'bin', 'java'))
  } catch {
    return []
  }
}

/** 17 of `openjdk version "17.0.15" 2025-04-15`, 8 of `"1.8.0_452"`, 0 of anything else. */
export function javaMajor(version: string): number {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(version) ?? []
  return Number((first === '1' ? second : first) ?? 0)
}

export function javaHome({ command }: Java): string {
  return dirname(dirname(command))
}

/** A program on its class path, with archives of its classes, which halve the time it takes to start. */
export interface JavaProgram {
  readonly java: Java
  readonly classPath: readonly string[]
  /** One file a role, `ROLE.jsa`. `write`: the process writes it at its orderly end. */
  readonly archives: { readonly folder: string; readonly mode: 'read' | 'write' } | undefined
}

export interface JavaCall {
  /** Names the archive. */
  readonly role: string
  readonly heap: string
  readonly options?: readonly string[]
  readonly properties: Readonly<Record<string, string>>
  readonly main: string
  readonly args: readonly string[]
}

export function javaArgs({ classPath, archives }: JavaProgram, call: JavaCall): readonly string[] {
  const kind = archives?.mode === 'write' ? 'ArchiveClassesAtExit' : 'SharedArchiveFile'
  return [
    `-Xmx${call.heap}`,
    // Both cost less at the start than what they save later in a process that lives for a minute.
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-XX:+ExitOnOutOfMemoryError',
    '-XX:-UsePerfData',
    // An archive that does not fit only makes the start slower; no reason for a word in every log.
    '-Xshare:auto',
    '-Xlog:cds=off',
    '-Xlog:cds+dynamic=off',
    ...(archives === undefined ? [] : [`-XX:${kind}=${join(archives.folder, `${call.role}.jsa`)}`]),
    ...(call.options ?? []),
    ...Object.entries(call.properties).map(([name, value]) => `-D${name}=${value}`),
    // Spelled out and in one order: an archive counts only for the very class path it was written with.
    '-cp',
    classPath.join(':'),
    call.main,
    ...call.args,
  ]
}
