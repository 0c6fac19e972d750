/**
 * Owns `hbaseStore`: results in a table of HBase, the newest version of each window kept by HBase itself, because the
 * version is the cell's timestamp. Nothing is ever deleted: a withdrawal is a value that says so.
 */
import {
  type Aggregation,
  type ColdSession,
  type ColdStore,
  type Duration,
  durationMs,
  systemClock,
} from '@tidemark/core'
import { Gateway } from '../client/gateway.ts'
import { type GatewayOptions, type GatewaySettings, bounded, gatewaySettings } from '../client/options.ts'
import { problem, show } from '../errors.ts'
import { CellReader } from './cell-reader.ts'
import { CellWriter } from './cell-writer.ts'
import { Expiry } from './expiry.ts'
import { Layout, metaRow } from './layout.ts'
import { Registers } from './registers.ts'
import { MOST_SALTS, type Table, checkTable, ensureAggregation, ensureTable, tableOf } from './scheme.ts'

export interface HBaseStoreOptions extends GatewayOptions {
  /** `name` or `namespace:name`. It is made if it is not there, and must hold nothing but Tidemark's results. */
  readonly table: string
  /** How long results are kept behind the watermark, default for ever. */
  readonly keepFor?: Duration
  /** Over how many parts of the table keys are spread, 1 to 128; default what the table has, 16 for a new one. */
  readonly salts?: number
  /** What is worth a warning that is no error; default `process.emitWarning`. */
  readonly warn?: (message: string) => void
}

/** What `hbaseStore` and `hbaseSink` are told, checked. */
export interface StoreSettings {
  readonly gateway: GatewaySettings
  readonly table: Table
  readonly keepForMs: number | undefined
  readonly salts: number | undefined
  readonly warn: (message: string) => void
}

/**
 * A cold store in HBase 2.x behind a Thrift2 gateway. Takes results of epoch 0 only: of jobs that restart with what they
 * knew.
 * @example hbaseStore({ thrift: 'http://gateway:9090', table: 'page_stats' })
 */
export function hbaseStore(options: HBaseStoreOptions): ColdStore {
  const settings = storeSettings(options, 'hbaseStore')
  return Object.freeze({
    kind: `hbase(${settings.table.name})`,
    epochZeroOnly: true,
    open: (aggregation) => openSession(settings, aggregation),
  } satisfies ColdStore)
}

export function storeSettings(options: HBaseStoreOptions, what: string): StoreSettings {
  const { keepFor, salts, warn = (message) => process.emitWarning(message, 'TidemarkWarning') } = options
  return {
    gateway: gatewaySettings(options, what),
    table: tableOf(options.table, what),
    keepForMs: keepFor === undefined ? undefined : durationMs(keepFor, `'keepFor' of ${what}`),
    salts: salts === undefined ? undefined : bounded(salts, MOST_SALTS, `'salts' of ${what}`),
    warn,
  }
}

/** Connects, makes or checks the table, and writes down what the results are. */
export async function openSession(settings: StoreSettings, aggregation: Aggregation): Promise<ColdSession> {
  const { name, windowMs, signal } = aggregation
  if (!Number.isSafeInteger(windowMs) || windowMs < 1) {
    throw problem('HBASE_BAD_NAME', `'windowMs' of the results '${name}'`, {
      found: show(windowMs),
      expected: 'the size of its windows, a whole number of milliseconds',
      remedy: 'It decides how many windows lie in one row, and must not change.',
    })
  }
  const { table, keepForMs } = settings
  const gateway = new Gateway(settings.gateway)
  const close = (): void => {
    signal?.removeEventListener('abort', close)
    gateway.close()
  }
  signal?.addEventListener('abort', close)
  if (signal?.aborted === true) close()
  try {
    const salts = await ensureTable(gateway, table, settings)
    const layout = new Layout({ aggregation: name, salts, windowMs })
    await ensureAggregation(gateway, table, name, windowMs)
    const { now } = settings.gateway.clock ?? systemClock
    const common = { gateway, table: table.bytes, layout, options: { beforeRetry: () => checkTable(gateway, table) } }
    const writer = new CellWriter({
      ...common,
      expiry: keepForMs === undefined ? undefined : new Expiry(keepForMs, windowMs, now),
    })
    const reader = new CellReader({ ...common, salts })
    const registers = new Registers(gateway, table.bytes, common.options)
    const register = (of: string): Buffer => metaRow('register', name, of)
    return {
      put: (cells, { watermark }) => writer.write(cells, watermark),
      read: (keys, from, to) => reader.read(keys, from, to),
      slice: (from, to) => reader.slice(from, to),
      register: (of) => registers.get(register(of)),
      compareAndSet: (of, expected, value) => registers.compareAndSet(register(of), expected, value),
      close: async () => close(),
    }
  } catch (error) {
    close()
    throw error
  }
}
