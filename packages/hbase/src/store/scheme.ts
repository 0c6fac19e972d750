/**
 * Owns what a table must be: there, enabled, one family that keeps one version, and a row that says how it is laid out.
 * A table that is not there is made, split by salt where the gateway can. Nothing here ever deletes.
 */
import { StreamError, problem, show } from '@tidemark/core'
import type { Gateway } from '../client/gateway.ts'
import {
  type Namespaced,
  createTable,
  describeTable,
  isTableEnabled,
  scanRows,
  tableExists,
} from '../thrift/methods.ts'
import { refusal } from '../thrift/refusals.ts'
import { FAMILY, FORMAT, metaRow } from './layout.ts'
import { Registers } from './registers.ts'

export const MOST_SALTS = 128
const DEFAULT_SALTS = 16

export interface Table {
  readonly name: string
  readonly bytes: Uint8Array
  readonly named: Namespaced
}

export interface SchemeOptions {
  /** Undefined: what the table has, or the default for a new one. */
  readonly salts: number | undefined
  readonly warn: (message: string) => void
  /** Whether to make a table that is not there. */
  readonly create: boolean
}

export function tableOf(name: unknown, what: string): Table {
  const [, namespace, own] = /^(?:([A-Za-z0-9_]{1,100}):)?([A-Za-z0-9_][A-Za-z0-9_.-]{0,199})$/.exec(String(name)) ?? []
  if (typeof name !== 'string' || own === undefined) {
    throw problem('BAD_TABLE', `'table' of ${what}`, {
      found: show(name),
      expected: "a name of letters, digits, '_', '-' and '.', with or without a namespace before a colon",
      remedy: "Name the table to write to: table: 'page_stats'.",
    })
  }
  return { name, bytes: Buffer.from(name), named: { namespace, name: own } }
}

/**
 * Makes the table if it is not there and may be made, and checks it. Any number of processes may do so at a time.
 * @returns the number of salts that the table is laid out for
 */
export async function ensureTable(gateway: Gateway, table: Table, options: SchemeOptions): Promise<number> {
  if (options.create && !(await gateway.call(tableExists(table.named)))) await create(gateway, table, options)
  await checkTable(gateway, table)
  const registers = new Registers(gateway, table.bytes)
  const stored = await registers.get(SCHEME)
  const salts = stored === undefined ? await writeScheme(gateway, registers, table, options) : readScheme(stored, table)
  if (options.salts !== undefined && options.salts !== salts) {
    throw otherScheme(table, `${salts} salts`, `${options.salts}, as 'salts' says`)
  }
  return salts
}

/** @throws StreamError HBASE_TABLE_MISSING, HBASE_TABLE_DISABLED, HBASE_OTHER_SCHEME */
export async function checkTable(gateway: Gateway, table: Table): Promise<void> {
  if (!(await gateway.call(tableExists(table.named))))
    throw refusal('tableExists', 'io', `TableNotFoundException: ${table.name}`)
  if (!(await gateway.call(isTableEnabled(table.named))))
    throw refusal('isTableEnabled', 'io', `TableNotEnabledException: ${table.name} is disabled`)
  const families = await gateway.call(describeTable(table.named))
  const found = families.get(FAMILY.toString())
  if (found?.maxVersions === 1) return
  const has =
    found === undefined
      ? `families ${show([...families.keys()])}`
      : `a family 'd' that keeps ${found.maxVersions} versions`
  throw otherScheme(table, has, "a family 'd' that keeps one version")
}

/**
 * What is written into the table about one set of results; the first to open it decides.
 * @returns the size of its windows; undefined: none is known, and none was given
 */
export async function ensureResults(
  registers: Registers,
  table: Table,
  name: string,
  windowMs: number | undefined,
): Promise<number | undefined> {
  const row = metaRow('results', name)
  let stored = await registers.get(row)
  if (stored === undefined) {
    if (windowMs === undefined) return undefined
    if (await registers.compareAndSet(row, undefined, Buffer.from(JSON.stringify({ windowMs })))) return windowMs
    stored = (await registers.get(row)) ?? new Uint8Array(0)
  }
  const text = Buffer.from(stored).toString()
  const found = parsed(text)?.['windowMs']
  if (!isSize(found) || (windowMs !== undefined && found !== windowMs)) {
    throw otherScheme(
      table,
      `results '${name}' of ${text.slice(0, 80)}`,
      JSON.stringify({ windowMs: windowMs ?? 'a size' }),
    )
  }
  return found
}

/** Whether this is a size of windows, ms. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}

async function create(gateway: Gateway, table: Table, { salts = DEFAULT_SALTS, warn }: SchemeOptions): Promise<void> {
  const splits = gateway.canSplit ? Array.from({ length: salts - 1 }, (_, i) => Buffer.from([i + 1])) : []
  try {
    await gateway.call(createTable(table.named, FAMILY, splits))
  } catch (error) {
    // Somebody else was faster, or the answer to our own call was lost.
    if (!(error instanceof StreamError) || !(await gateway.call(tableExists(table.named)))) throw error
    return
  }
  if (gateway.canSplit) return
  warn(
    `The table '${table.name}' was created without split keys, because a framed gateway takes them wrong: it has one region until HBase splits it. Create it over HTTP, or split it at the salts in the HBase shell.`,
  )
}

const SCHEME: Buffer = metaRow('scheme')

async function writeScheme(
  gateway: Gateway,
  registers: Registers,
  table: Table,
  { salts = DEFAULT_SALTS }: SchemeOptions,
): Promise<number> {
  const all = { start: new Uint8Array(0), stop: new Uint8Array(0), rows: 1 }
  const [first] = await gateway.call(scanRows(table.bytes, FAMILY, all))
  const ours = Buffer.from(JSON.stringify({ tidemark: FORMAT, salts }))
  if (first === undefined && (await registers.compareAndSet(SCHEME, undefined, ours))) return salts
  const stored = await registers.get(SCHEME)
  if (stored === undefined)
    throw otherScheme(table, 'rows, and no word of how it is laid out', 'an empty table or one of Tidemark')
  return readScheme(stored, table)
}

function readScheme(stored: Uint8Array, table: Table): number {
  const text = Buffer.from(stored).toString()
  const { tidemark, salts } = parsed(text) ?? {}
  if (tidemark === FORMAT && isSize(salts) && salts <= MOST_SALTS) return salts
  throw otherScheme(table, `the scheme ${show(text)}`, `format ${FORMAT}`)
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}

function otherScheme(table: Table, found: string, expected: string): StreamError {
  return problem('HBASE_OTHER_SCHEME', `The table '${table.name}'`, {
    found,
    expected,
    remedy: 'Write into a table of another name: rows that are there stay as they are.',
  })
}
