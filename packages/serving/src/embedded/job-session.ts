/**
 * Owns one job's transactions in an environment: entries of logs, and of each task's state the parts that have changed,
 * decided as one. Who opens a job last owns it: what another one has not committed is dropped.
 */
import { createHash, randomBytes } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import { StreamError, fromParts, notPlain, partsOf, reasonOf } from '@tidemark/core'
import type { Environment } from './environment.ts'
import { AREA, after, delimited, keyOf } from './keys.ts'
import type { LogTable, NewEntry } from './log-table.ts'

type Pause = () => Promise<void> | undefined

/** A state that was saved and is not committed. */
interface Unsaved {
  /** By key in hex; what is not among them goes. */
  readonly digests: ReadonlyMap<string, string>
  readonly changed: readonly (readonly [key: Buffer, bytes: Buffer])[]
}

export class JobSession {
  readonly #environment: Environment
  readonly #job: string
  readonly #owner: Buffer = randomBytes(16)
  /** What is committed of each task: by key, the digest of the part. */
  readonly #saved: Map<string, ReadonlyMap<string, string>> = new Map()
  readonly #unsaved: Map<string, Unsaved> = new Map()
  readonly #entries: Map<LogTable, NewEntry[]> = new Map()

  constructor(environment: Environment, job: string) {
    this.#environment = environment
    this.#job = job
    environment.write(() => environment.db.putSync(this.#ownerKey, this.#owner))
  }

  append(log: LogTable, entries: readonly NewEntry[]): void {
    const waiting = this.#entries.get(log)
    if (waiting === undefined) this.#entries.set(log, [...entries])
    else waiting.push(...entries)
  }

  load(task: string): Promise<unknown> {
    const prefix = this.#partKey(task)
    const kept = this.#environment.read(() => [
      ...this.#environment.db.getRange({ start: prefix, end: after(after(prefix)) }),
    ])
    this.#saved.set(task, new Map(kept.map(({ key, value }) => [key.toString('hex'), digestOf(value)])))
    if (kept.length === 0) return Promise.resolve(undefined)
    return Promise.resolve(fromParts(new Map(kept.map(({ value }) => deserialize(value) as [string, unknown]))))
  }

  async save(task: string, state: unknown, pause: Pause): Promise<void> {
    const saved = this.#saved.get(task) ?? new Map<string, string>()
    const digests = new Map<string, string>()
    const changed: (readonly [Buffer, Buffer])[] = []
    for (const { name, value } of partsOf(state)) {
      const key = this.#partKey(task, name)
      const bytes = this.#plain(name, value)
      const [id, digest] = [key.toString('hex'), digestOf(bytes)]
      digests.set(id, digest)
      if (saved.get(id) !== digest) changed.push([key, bytes])
      const turn = pause()
      if (turn !== undefined) await turn
    }
    this.#unsaved.set(task, { digests, changed })
  }

  async commit(): Promise<undefined> {
    const { db, write, flushed } = this.#environment
    write(() => {
      if (db.get(this.#ownerKey)?.equals(this.#owner) !== true) throw fenced(this.#job)
      for (const [log, entries] of this.#entries) log.append(entries)
      for (const [task, { digests, changed }] of this.#unsaved) {
        for (const id of this.#saved.get(task)?.keys() ?? [])
          if (!digests.has(id)) db.removeSync(Buffer.from(id, 'hex'))
        for (const [key, bytes] of changed) db.putSync(key, bytes)
      }
    })
    for (const [task, { digests }] of this.#unsaved) this.#saved.set(task, digests)
    this.drop()
    await flushed()
    return undefined
  }

  drop(): void {
    this.#entries.clear()
    this.#unsaved.clear()
  }

  close(): Promise<void> {
    this.drop()
    return this.#environment.close()
  }

  get #ownerKey(): Buffer {
    return keyOf(AREA.jobs, delimited(Buffer.from(this.#job)))
  }

  #partKey(task: string, name?: string): Buffer {
    const of = [this.#job, task].map((text) => delimited(Buffer.from(text)))
    return keyOf(AREA.parts, ...of, ...(name === undefined ? [] : [createHash('sha256').update(name).digest()]))
  }

  #plain(name: string, value: unknown): Buffer {
    try {
      return serialize([name, value])
    } catch (cause) {
      throw notPlain(`The state of '${this.#job}'`, `what cannot be cloned (${reasonOf(cause)})`, cause)
    }
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64')
}

function fenced(job: string): StreamError {
  return new StreamError(
    'FENCED',
    `The job '${job}': found that it was started anew, expected to be the only one of its name. This one stops; the other goes on from what was committed.`,
  )
}
