/** Owns the door to a real HBase: installs what it runs on, once, and starts it. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { provideArchives } from '../machine/archives.ts'
import { cacheFolder, keyOf, whileInstalling } from '../machine/cache.ts'
import type { JavaProgram } from '../machine/java.ts'
import { provideProgram } from '../machine/maven.ts'
import { type Say, sayAloud } from '../machine/unavailable.ts'
import { hbaseConfiguration } from './configuration.ts'
import type { HBase, HBaseOptions } from './hbase.ts'
import { launchHBase } from './launch-hbase.ts'

export interface StartHBaseOptions extends HBaseOptions {
  readonly say?: Say | undefined
}

/**
 * Starts an HBase that ends, with its data, at `stop()` or with this process.
 * @throws ServiceUnavailable when it cannot be had here; Error when it does not come up
 */
export async function startHBase(options: StartHBaseOptions = {}): Promise<HBase> {
  return launchHBase(await installHBase(options.say), options)
}

let installed: Promise<JavaProgram> | undefined

/** @throws ServiceUnavailable with what is missing */
export function installHBase(say: Say = sayAloud): Promise<JavaProgram> {
  if (installed !== undefined) return installed
  const program = whileInstalling(say, () => install(say))
  installed = program
  // What is missing may be there at the next try.
  program.catch(() => {
    installed = undefined
  })
  return program
}

async function install(say: Say): Promise<JavaProgram> {
  const jars = await provideProgram({ name: 'HBase', pom: 'hbase' }, say)
  const program = { ...jars, classPath: [configurationJar(), ...jars.classPath] }
  return provideArchives(program, 'hbase', ['master', 'gateway'], say, async (training) => {
    await using hbase = await launchHBase(training)
    // Java writes the archives at an orderly end; without its gateway the master ends sooner.
    await hbase.kill('framed', 'SIGTERM')
    await hbase.kill('master', 'SIGTERM')
  })
}

/** Written once for each configuration: an archive counts only as long as the jar is the very same file. */
function configurationJar(): string {
  const files = hbaseConfiguration()
  const jar = join(cacheFolder(), 'hbase', `configuration-${keyOf(...Object.values(files))}.jar`)
  if (existsSync(jar)) return jar
  mkdirSync(dirname(jar), { recursive: true })
  const entries = Object.entries(files).map(([name, text]): [string, Uint8Array] => [name, strToU8(text)])
  writeFileSync(`${jar}.part`, zipSync(Object.fromEntries(entries)))
  renameSync(`${jar}.part`, jar)
  return jar
}
