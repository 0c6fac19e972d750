/** Owns the dozen methods of a Thrift2 gateway that are used here: their arguments as bytes, their results as values. */
import type { BinaryReader } from './binary-reader.ts'
import { BinaryWriter, type Message, TYPE } from './binary-writer.ts'
import { NOTHING, type Success } from './reply.ts'

/** A call that can be sent, and what its reply means. */
export interface Call<T> {
  readonly message: Message
  readonly success: Success<T>
  /** Sending it twice does what sending it once does. */
  readonly repeatable: boolean
}

/** A cell as it lies in a row. The bytes are views into a reply. */
export interface StoredCell {
  readonly qualifier: Buffer
  readonly value: Buffer
  readonly timestamp: number
}

export interface StoredRow {
  readonly row: Buffer
  readonly cells: readonly StoredCell[]
}

export interface RowScan {
  /** Rows from here, this one too. */
  readonly start: Uint8Array
  /** Rows before here. */
  readonly stop: Uint8Array
  /** At most so many rows. */
  readonly rows: number
  /** Only cells with at least this timestamp. */
  readonly since?: number
}

/** The newest put of one cell, if what is there is `expected`; undefined: nothing is. */
export interface CheckedPut {
  readonly row: Uint8Array
  readonly qualifier: Uint8Array
  readonly expected: Uint8Array | undefined
  readonly value: Uint8Array
  readonly timestamp: number
}

export interface TableLayout {
  readonly maxVersions: number
}

export interface Namespaced {
  readonly namespace: string | undefined
  readonly name: string
}

const BOOL: Success<boolean> = { type: TYPE.bool, read: (from) => from.bool() }
const EQUAL = 2
const FAST_DIFF = 4
const SYNC_WAL = 3
const MOST_TIME = Number.MAX_SAFE_INTEGER

export function putMultiple(message: Message): Call<undefined> {
  return { message, success: NOTHING, repeatable: true }
}

export function getRow(table: Uint8Array, row: Uint8Array, family: Uint8Array): Call<StoredRow | undefined> {
  const out = new BinaryWriter().call('get')
  out.binaryField(1, table)
  out.field(TYPE.struct, 2)
  out.binaryField(1, row)
  columns(out, 2, family)
  out.i32Field(5, 1)
  out.stop()
  out.stop()
  const success = { type: TYPE.struct, read: readRow }
  return { message: out.finish('get'), success, repeatable: true }
}

/** Opens a scanner, reads and closes it in one call: nothing is left at a gateway, and any gateway may answer. */
export function scanRows(table: Uint8Array, family: Uint8Array, scan: RowScan): Call<readonly StoredRow[]> {
  const out = new BinaryWriter(256 + scan.start.length + scan.stop.length).call('getScannerResults')
  out.binaryField(1, table)
  out.field(TYPE.struct, 2)
  out.binaryField(1, scan.start)
  out.binaryField(2, scan.stop)
  columns(out, 3, family)
  out.i32Field(4, scan.rows)
  out.i32Field(5, 1)
  if (scan.since !== undefined) {
    out.field(TYPE.struct, 6)
    out.i64Field(1, scan.since)
    out.i64Field(2, MOST_TIME)
    out.stop()
  }
  out.stop()
  out.i32Field(3, scan.rows)
  out.stop()
  return { message: out.finish('getScannerResults'), success: ROWS, repeatable: true }
}

export function checkAndPut(table: Uint8Array, family: Uint8Array, put: CheckedPut): Call<boolean> {
  const out = new BinaryWriter(256 + put.value.length).call('checkAndMutate')
  out.binaryField(1, table)
  out.binaryField(2, put.row)
  out.binaryField(3, family)
  out.binaryField(4, put.qualifier)
  out.i32Field(5, EQUAL)
  // An empty value stands for a cell that is not there.
  out.binaryField(6, put.expected ?? new Uint8Array(0))
  out.field(TYPE.struct, 7)
  out.binaryField(1, put.row)
  out.field(TYPE.list, 2)
  out.list(TYPE.struct, 1)
  out.field(TYPE.struct, 1)
  out.binaryField(1, put.row)
  out.field(TYPE.list, 2)
  out.list(TYPE.struct, 1)
  out.binaryField(1, family)
  out.binaryField(2, put.qualifier)
  out.binaryField(3, put.value)
  out.i64Field(4, put.timestamp)
  out.stop()
  out.i32Field(6, SYNC_WAL)
  out.stop()
  out.stop()
  out.stop()
  out.stop()
  return { message: out.finish('checkAndMutate'), success: BOOL, repeatable: false }
}

export function tableExists(table: Namespaced): Call<boolean> {
  return aboutTable('tableExists', table, BOOL)
}

export function isTableEnabled(table: Namespaced): Call<boolean> {
  return aboutTable('isTableEnabled', table, BOOL)
}

/** The families of a table, by name. */
export function describeTable(table: Namespaced): Call<ReadonlyMap<string, TableLayout>> {
  return aboutTable('getTableDescriptor', table, { type: TYPE.struct, read: readDescriptor })
}

/** Of the test's own: nothing in this package disables or deletes. */
export function disableTable(table: Namespaced): Call<undefined> {
  return aboutTable('disableTable', table, NOTHING)
}

/** One family that keeps one version. Split keys only over HTTP: a framed gateway takes its whole frame for each. */
export function createTable(table: Namespaced, family: Uint8Array, splits: readonly Uint8Array[]): Call<undefined> {
  const out = new BinaryWriter().call('createTable')
  out.field(TYPE.struct, 1)
  out.field(TYPE.struct, 1)
  tableName(out, table)
  out.field(TYPE.list, 2)
  out.list(TYPE.struct, 1)
  out.binaryField(1, family)
  out.i32Field(8, FAST_DIFF)
  out.i32Field(10, 1)
  out.stop()
  out.stop()
  if (splits.length > 0) {
    out.field(TYPE.list, 2)
    out.list(TYPE.binary, splits.length)
    for (const split of splits) out.binary(split)
  }
  out.stop()
  return { message: out.finish('createTable'), success: NOTHING, repeatable: false }
}

function aboutTable<T>(method: string, table: Namespaced, success: Success<T>): Call<T> {
  const out = new BinaryWriter(256).call(method)
  out.field(TYPE.struct, 1)
  tableName(out, table)
  out.stop()
  return { message: out.finish(method), success, repeatable: true }
}

function tableName(out: BinaryWriter, { namespace, name }: Namespaced): void {
  if (namespace !== undefined) out.binaryField(1, Buffer.from(namespace))
  out.binaryField(2, Buffer.from(name))
  out.stop()
}

function columns(out: BinaryWriter, id: number, family: Uint8Array): void {
  out.field(TYPE.list, id)
  out.list(TYPE.struct, 1)
  out.binaryField(1, family)
  out.stop()
}

const ROWS: Success<readonly StoredRow[]> = {
  type: TYPE.list,
  read: (from) => {
    const rows: StoredRow[] = []
    for (let left = from.list(TYPE.struct, 1); left > 0; left--) {
      const row = readRow(from)
      if (row !== undefined) rows.push(row)
    }
    return rows
  },
}

/** A TResult; one without a row is none. */
function readRow(from: BinaryReader): StoredRow | undefined {
  let row: Buffer | undefined
  let cells: readonly StoredCell[] = []
  from.struct((id, type) => {
    if (id === 1 && type === TYPE.binary) row = from.binary()
    else if (id === 2 && type === TYPE.list) cells = readCells(from)
    else return false
    return true
  })
  return row === undefined ? undefined : { row, cells }
}

const NONE: Buffer = Buffer.alloc(0)

function readCells(from: BinaryReader): readonly StoredCell[] {
  const cells: StoredCell[] = []
  for (let left = from.list(TYPE.struct, 1); left > 0; left--) {
    let [qualifier, value, timestamp] = [NONE, NONE, 0]
    for (let type = from.u8(); type !== TYPE.stop; type = from.u8()) {
      const id = from.i16()
      if (id === 2 && type === TYPE.binary) qualifier = from.binary()
      else if (id === 3 && type === TYPE.binary) value = from.binary()
      else if (id === 4 && type === TYPE.i64) timestamp = from.i64()
      else from.skip(type)
    }
    cells.push({ qualifier, value, timestamp })
  }
  return cells
}

function readDescriptor(from: BinaryReader): ReadonlyMap<string, TableLayout> {
  const families = new Map<string, TableLayout>()
  from.struct((id, type) => {
    if (id !== 2 || type !== TYPE.list) return false
    for (let left = from.list(TYPE.struct, 1); left > 0; left--) {
      let [name, maxVersions] = ['', 1]
      from.struct((field, kind) => {
        if (field === 1 && kind === TYPE.binary) name = from.text()
        else if (field === 10 && kind === TYPE.i32) maxVersions = from.i32()
        else return false
        return true
      })
      families.set(name, { maxVersions })
    }
    return true
  })
  return families
}
