/** Owns what a user says about a table and what lies in it, checked when a store, sink or source is described. */
import { type Duration, durationMs } from '@tidemark/core'
import { type GatewayOptions, type GatewaySettings, bounded, gatewaySettings } from '../client/options.ts'
import { MOST_SALTS, type Table, tableOf } from './scheme.ts'

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
