/**
 * Owns the temporary folder of one started service and what is written there about it.
 * Invariant: it lives as long as the process that opened it. What a killed owner leaves is swept at the next opening,
 * so data never survives by accident. `TIDEMARK_SERVICES_KEEP=1` keeps folders of stopped services, to look at logs.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownTemporaryFolder } from '../machine/own-folder.ts'
import { type Owner, isAlive, ownerOf } from './owner.ts'
import { choosePorts, freePorts, isFree, takePort } from './ports.ts'

export type Kind = 'kafka' | 'redis' | 'hbase'

/** What others may know of an instance. */
export interface InstanceRecord {
  readonly name: string
  readonly kind: Kind
  readonly owner: Owner
  /** Started by the command line, which may also stop it. */
  readonly kept: boolean
  /** Addresses, folders, pids: what `status` prints, in this order. Empty until it is ready. */
  readonly facts: Readonly<Record<string, string>>
}

export interface Instance {
  readonly name: string
  readonly folder: string
  readonly ports: (count: number) => Promise<readonly number[]>
  readonly publish: (facts: InstanceRecord['facts']) => void
  /** Deletes the folder and frees the ports; may be called again, and while the process exits. */
  readonly remove: () => void
}

export interface InstanceOptions {
  readonly name?: string | undefined
  readonly kept?: boolean | undefined
}

const recordFile = 'instance.json'
const namePattern = /^[a-z0-9][a-z0-9-]{0,39}$/
let opened = 0

/** @throws Error when the name is bad or taken */
export function openInstance(kind: Kind, options: InstanceOptions = {}): Instance {
  const root = instancesFolder()
  sweep(root)
  const name = options.name ?? `${kind}-${process.pid}-${++opened}`
  if (!namePattern.test(name)) {
    throw new Error(`name '${name}': expected at most 40 small letters, digits and hyphens, a hyphen not first`)
  }
  const folder = join(root, name)
  const owner = ownerOf(process.pid)
  if (owner === undefined) throw new Error('/proc does not show this process: the services need it mounted')
  const record: InstanceRecord = { name, kind, owner, kept: options.kept ?? false, facts: {} }
  // The folder gets its name with the record already in it: a sweep never sees one without.
  const fresh = join(root, `.new-${process.pid}-${randomBytes(4).toString('hex')}`)
  mkdirSync(fresh)
  writeRecord(fresh, record)
  try {
    renameSync(fresh, folder)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
    throw new Error(`'${name}' is running already: stop it first, or give this one another name`)
  }
  const links = join(root, '.ports')
  return {
    name,
    folder,
    ports: (count) => choosePorts(count, { start: Math.random(), isFree, take: (port) => takePort(links, port, name) }),
    publish: (facts) => writeRecord(folder, { ...record, facts }),
    remove: () => {
      freePorts(links, (instance) => instance !== name)
      if (process.env['TIDEMARK_SERVICES_KEEP'] === '1') keep(folder, root)
      else removeFolder(folder)
    },
  }
}

/** All living instances of this user, those of other processes too. */
export function instances(): readonly InstanceRecord[] {
  const root = instancesFolder()
  sweep(root)
  return names(root)
    .map((name) => readRecord(join(root, name)))
    .filter((record) => record !== undefined)
}

/** The folder of all instances. */
function instancesFolder(): string {
  return ownTemporaryFolder('tidemark-services')
}

function sweep(root: string): void {
  const living = new Set<string>()
  for (const name of names(root)) {
    const record = readRecord(join(root, name))
    if (record !== undefined && isAlive(record.owner)) living.add(name)
    else removeFolder(join(root, name))
  }
  for (const name of readdirSync(root)) {
    const pid = /^\.new-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && ownerOf(Number(pid)) === undefined) removeFolder(join(root, name))
  }
  freePorts(join(root, '.ports'), (instance) => living.has(instance))
}

function names(root: string): readonly string[] {
  return readdirSync(root).filter((name) => namePattern.test(name))
}

function writeRecord(folder: string, record: InstanceRecord): void {
  const part = join(folder, `${recordFile}.part`)
  writeFileSync(part, JSON.stringify(record, undefined, 2))
  renameSync(part, join(folder, recordFile))
}

function readRecord(folder: string): InstanceRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, recordFile), 'utf8')) as InstanceRecord
  } catch {
    return undefined
  }
}

/** Processes that were just killed may still be writing: tries again for two seconds. */
function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}

function keep(folder: string, root: string): void {
  if (!existsSync(folder)) return
  const kept = `${root}-kept`
  mkdirSync(kept, { recursive: true, mode: 0o700 })
  renameSync(folder, join(kept, `${folder.slice(root.length + 1)}-${randomBytes(4).toString('hex')}`))
}
