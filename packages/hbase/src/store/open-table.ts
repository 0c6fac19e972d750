/** Owns an open table: a gateway, the scheme that was checked, and sessions on the sets of results in it. */
import type { ColdSession, Signal } from '@tidemark/core'
import { Gateway } from '../client/gateway.ts'
import { CellReader } from './cell-reader.ts'
import { CellWriter } from './cell-writer.ts'
import { Expiry } from './expiry.ts'
import type { StoreSettings } from './options.ts'
import { Layout, metaRow } from './layout.ts'
import { Registers } from './registers.ts'
import { checkTable, ensureResults, ensureTable } from './scheme.ts'

export interface OpenOptions {
  readonly signal: Signal | undefined
  readonly create: boolean
}

/** Opens a table and makes something of it, which closes it; what fails closes it too. */
export async function withTable<T>(
  settings: StoreSettings,
  options: OpenOptions,
  use: (table: OpenTable) => Promise<T>,
): Promise<T> {
  const table = new OpenTable(settings, options.signal)
  try {
    await table.check(options.create)
    return await use(table)
  } catch (error) {
    table.close()
    throw error
  }
}

export class OpenTable {
  readonly #settings: StoreSettings
  readonly #gateway: Gateway
  readonly #signal: Signal | undefined
  #salts = 0

  constructor(settings: StoreSettings, signal: Signal | undefined) {
    this.#settings = settings
    this.#gateway = new Gateway(settings.gateway)
    this.#signal = signal
    signal?.addEventListener('abort', this.close)
    if (signal?.aborted === true) this.close()
  }

  readonly close = (): void => {
    this.#signal?.removeEventListener('abort', this.close)
    this.#gateway.close()
  }

  async check(create: boolean): Promise<void> {
    const { table, salts, warn } = this.#settings
    this.#salts = await ensureTable(this.#gateway, table, { salts, warn, create })
  }

  /** The size of the windows of these results, where they have been opened before. */
  async windowMs(name: string): Promise<number | undefined> {
    const { table } = this.#settings
    return ensureResults(new Registers(this.#gateway, table.bytes), table, name, undefined)
  }

  /** A session on a set of results; closing it closes the table. */
  async results(name: string, windowMs: number): Promise<ColdSession> {
    const { table, keepForMs, gateway: settings } = this.#settings
    const gateway = this.#gateway
    const layout = new Layout({ aggregation: name, salts: this.#salts, windowMs })
    const options = { beforeRetry: () => checkTable(gateway, table) }
    const registers = new Registers(gateway, table.bytes, options)
    await ensureResults(registers, table, name, windowMs)
    const { clock } = settings
    const expiry = keepForMs === undefined ? undefined : new Expiry(keepForMs, windowMs, () => clock.now())
    const writer = new CellWriter({ gateway, table: table.bytes, layout, expiry, options })
    const reader = new CellReader({ gateway, table: table.bytes, layout, salts: this.#salts, options })
    const register = (of: string): Buffer => metaRow('register', name, of)
    return {
      put: (cells, { watermark }) => writer.write(cells, watermark),
      read: (keys, from, to) => reader.read(keys, from, to),
      slice: (from, to) => reader.slice(from, to),
      register: (of) => registers.get(register(of)),
      compareAndSet: (of, expected, value) => registers.compareAndSet(register(of), expected, value),
      close: async () => this.close(),
    }
  }
}
