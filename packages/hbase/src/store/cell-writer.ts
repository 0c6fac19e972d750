/**
 * Owns writing cells: the newest of each place, put together by row, in batches bounded in puts and bytes, several on
 * their way while the next are made. A batch may be carried out in part or twice: its cells have their versions, so nothing
 * changes by that. Two cells of one place are never on their way together: of equal versions the last has to win.
 */
import { type Cell, problem } from '@tidemark/core'
import type { CallOptions, Gateway } from '../client/gateway.ts'
import type { Message } from '../thrift/binary-writer.ts'
import { putMultiple } from '../thrift/methods.ts'
import { MOST_FRAME_BYTES, PutBatch } from '../thrift/put-batch.ts'
import type { Expiry } from './expiry.ts'
import { FAMILY, type Layout, type Stored, checkCell, storedCell } from './layout.ts'
import { inParallel } from './parallel.ts'

const EMPTY: Buffer = Buffer.alloc(0)
const LIMITS = { puts: 1_000, bytes: 1_000_000 }
/** Cells that are put together at a time, before the first of them go. */
const CHUNK = 1_000
/** Anything smaller fits into a frame, whatever its key. */
const LARGE = 1_000_000

interface Entry {
  cell: Cell
  stored: Stored
  sent: boolean
}

interface Row {
  readonly row: Buffer
  /** Kept beside the cells, where the row does not hold the key. */
  readonly keyCell: Stored | undefined
  readonly entries: Entry[]
  /** By qualifier, where there are many. */
  places: Map<string, Entry> | undefined
  /** So many of the entries have been sent, or are being. */
  sent: number
}

export interface CellWriterParts {
  readonly gateway: Gateway
  readonly table: Uint8Array
  readonly layout: Layout
  readonly expiry: Expiry | undefined
  readonly options: CallOptions
}

export class CellWriter {
  readonly #parts: CellWriterParts

  constructor(parts: CellWriterParts) {
    this.#parts = parts
  }

  /** @throws StreamError before anything is written, for cells that cannot be; else what a batch failed with */
  async write(cells: readonly Cell[], watermark: number): Promise<void> {
    const { gateway, expiry } = this.#parts
    for (const cell of cells) this.#check(cell)
    expiry?.follow(watermark)
    for (let rest = cells; rest.length > 0;) {
      const again: Cell[] = []
      await inParallel(this.#sends(rest, again), gateway.parallel)
      rest = again
    }
  }

  /** What finds another cell of its place sent goes into `again`, in order. */
  *#sends(cells: readonly Cell[], again: Cell[]): Generator<() => Promise<undefined>> {
    const { gateway, table, options } = this.#parts
    const send = (message: Message) => () => gateway.call(putMultiple(message), options)
    const batch = new PutBatch(table, FAMILY, LIMITS)
    const rows = new Map<string, Row>()
    for (let at = 0; at < cells.length; at += CHUNK) {
      const touched = this.#newest(cells.slice(at, at + CHUNK), rows, again)
      for (const message of this.#fill(batch, touched)) yield send(message)
    }
    if (batch.puts > 0) yield send(batch.take())
  }

  /** The newest cell of each place, by row; of equal versions the last. */
  #newest(cells: readonly Cell[], rows: Map<string, Row>, again: Cell[]): Iterable<Row> {
    const { layout } = this.#parts
    const touched: Row[] = []
    let key: Uint8Array | undefined
    let prefix: Buffer = EMPTY
    for (const cell of cells) {
      if (cell.key !== key) {
        key = cell.key
        prefix = layout.prefixOf(key)
      }
      const row = layout.rowOf(prefix, cell.end)
      const id = row.toString('latin1')
      let found = rows.get(id)
      if (found === undefined) {
        const keyCell = layout.keyCell(cell.key, cell.end)
        rows.set(id, (found = { row, keyCell, entries: [], places: undefined, sent: 0 }))
      }
      const stored = storedCell(cell)
      const kept = entryOf(found, stored)
      if (kept === undefined) {
        if (found.sent === found.entries.length) touched.push(found)
        add(found, { cell, stored, sent: false })
      } else if (kept.stored.timestamp <= stored.timestamp) {
        if (kept.sent) again.push(cell)
        else [kept.cell, kept.stored] = [cell, stored]
      }
    }
    return touched
  }

  *#fill(batch: PutBatch, rows: Iterable<Row>): Generator<Message> {
    const { expiry, layout } = this.#parts
    for (const each of rows) {
      const { row, keyCell, entries } = each
      const fresh = each.sent === 0 ? entries : entries.slice(each.sent)
      each.sent = entries.length
      // Cells with times to live of their own are puts of their own.
      for (const group of expiry === undefined ? groups(fresh) : singles(fresh)) {
        const bytes = group.reduce((sum, { stored }) => sum + sizeOf(stored), row.length)
        if (!batch.fits(group.length, bytes)) yield batch.take()
        batch.begin(row)
        for (const entry of group) {
          const { qualifier, tag, value, timestamp } = entry.stored
          batch.cell(qualifier, tag, value, timestamp)
          entry.sent = true
        }
        const { cell, stored } = group[0] as Entry
        batch.end(expiry?.ttlOf(cell, stored.timestamp))
      }
      if (keyCell === undefined) continue
      if (!batch.fits(1, row.length + sizeOf(keyCell))) yield batch.take()
      batch.begin(row)
      batch.cell(keyCell.qualifier, keyCell.tag, keyCell.value, keyCell.timestamp)
      batch.end(expiry?.ttlOfKey(keyCell.timestamp, layout.spanMs))
    }
  }

  #check(cell: Cell): void {
    checkCell(cell)
    if ((cell.value?.length ?? 0) + cell.correction.length < LARGE) return
    const { layout, table } = this.#parts
    const row = layout.rowOf(layout.prefixOf(cell.key), cell.end)
    const size = sizeOf(storedCell(cell))
    const most = MOST_FRAME_BYTES - 1_024 - row.length - table.length
    if (size <= most) return
    throw problem('HBASE_TOO_LARGE', 'A result for HBase', {
      found: `${cell.value?.length ?? 0} bytes`,
      expected: `at most ${most}, which a gateway takes`,
      remedy: 'Store less per window, or keep large values elsewhere and a reference here.',
    })
  }
}

/** Entries of a row that are looked through one by one. */
const FEW = 16

function entryOf({ entries, places }: Row, { qualifier }: Stored): Entry | undefined {
  if (places !== undefined) return places.get(qualifier.toString('latin1'))
  return entries.find(({ stored }) => stored.qualifier.equals(qualifier))
}

function add(row: Row, entry: Entry): void {
  row.entries.push(entry)
  if (row.places === undefined && row.entries.length <= FEW) return
  const added = row.places === undefined ? row.entries : [entry]
  row.places ??= new Map()
  for (const each of added) row.places.set(each.stored.qualifier.toString('latin1'), each)
}

/** Cells of one put together have at most so many bytes. */
const MOST_PUT_BYTES = 250_000

function* groups(cells: readonly Entry[]): Generator<readonly Entry[]> {
  if (cells.length === 1) return yield cells
  let [group, bytes] = [[] as Entry[], 0]
  for (const cell of cells) {
    const size = sizeOf(cell.stored)
    if (group.length > 0 && bytes + size > MOST_PUT_BYTES) {
      yield group
      group = []
      bytes = 0
    }
    group.push(cell)
    bytes += size
  }
  if (group.length > 0) yield group
}

function* singles<T>(cells: readonly T[]): Generator<readonly T[]> {
  for (const cell of cells) yield [cell]
}

function sizeOf({ qualifier, value }: Stored): number {
  return qualifier.length + value.length
}
