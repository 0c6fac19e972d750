/**
 * Owns writing cells: the newest of each place, put together by row, in batches bounded in puts and bytes, several on
 * their way while the next are made. A batch may be carried out in part or twice: its cells have their versions, so nothing
 * changes by that. Two cells of one place are never on their way together: of equal versions the last has to win.
 */
import { type Cell, NewestCells, compareVersions, problem } from '@tidemark/core'
import type { CallOptions, Gateway } from '../client/gateway.ts'
import type { Message } from '../thrift/binary-writer.ts'
import { putMultiple } from '../thrift/methods.ts'
import { MOST_FRAME_BYTES, PutBatch } from '../thrift/put-batch.ts'
import type { Expiry } from './expiry.ts'
import { FAMILY, type Layout, checkCell, sizeOfQualifier, storedCell, versionOf } from './layout.ts'
import { inParallel } from './parallel.ts'

const LIMITS = { puts: 1_000, bytes: 1_000_000 }
/** Cells that are put together at a time, before the first of them go. */
const CHUNK = 1_000
/** Cells of one put together have at most so many bytes. */
const MOST_PUT_BYTES = 250_000
/** Filled anew for each cell: the batch copies it. */
const QUALIFIER = Buffer.alloc(16)
/** Anything smaller fits into a frame, whatever its key. */
const LARGE = 1_000_000

class Row extends NewestCells {
  /** Its bytes, a character each. */
  readonly text: string
  /** So many of the cells have been sent, or are being. */
  sent = 0

  constructor(text: string, first: Cell) {
    super(first)
    this.text = text
  }
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
  #newest(cells: readonly Cell[], rows: Map<string, Row>, again: Cell[]): readonly Row[] {
    const { layout } = this.#parts
    const touched: Row[] = []
    for (const cell of cells) {
      const text = layout.rowText(cell.key, cell.end)
      const row = rows.get(text)
      if (row === undefined) {
        const begun = new Row(text, cell)
        rows.set(text, begun)
        touched.push(begun)
        continue
      }
      const at = row.indexOf(cell)
      if (at >= 0 && at < row.sent) {
        if (compareVersions(cell, row.cells[at] as Cell) >= 0) again.push(cell)
        continue
      }
      if (at < 0 && row.sent === row.cells.length) touched.push(row)
      row.put(cell, at)
    }
    return touched
  }

  *#fill(batch: PutBatch, rows: readonly Row[]): Generator<Message> {
    const { expiry, layout } = this.#parts
    for (const row of rows) {
      const { text, cells } = row
      for (let from = row.sent; from < cells.length; from = row.sent) {
        let bytes = text.length + sizeOf(cells[from] as Cell)
        let to = from + 1
        // Cells with times to live of their own are puts of their own.
        for (; expiry === undefined && to < cells.length; to++) {
          const more = sizeOf(cells[to] as Cell)
          if (bytes + more > MOST_PUT_BYTES) break
          bytes += more
        }
        if (!batch.fits(to - from, bytes)) yield batch.take()
        this.#put(batch, row, to)
      }
      const { key, end } = cells[0] as Cell
      const keyCell = layout.keyCell(key, end)
      if (keyCell === undefined) continue
      if (!batch.fits(1, text.length + keyCell.value.length)) yield batch.take()
      batch.begin(text)
      batch.cell(keyCell.qualifier, keyCell.tag, keyCell.value, keyCell.timestamp)
      batch.end(expiry?.ttlOfKey(keyCell.timestamp, layout.spanMs))
    }
  }

  /** The cells of a row up to this one, as one put. */
  #put(batch: PutBatch, row: Row, to: number): void {
    const { expiry } = this.#parts
    const first = row.cells[row.sent] as Cell
    batch.begin(row.text)
    for (; row.sent < to; row.sent++) {
      const { qualifier, tag, value, timestamp } = storedCell(row.cells[row.sent] as Cell, QUALIFIER)
      batch.cell(qualifier, tag, value, timestamp)
    }
    batch.end(expiry?.ttlOf(first, versionOf(first.end, first.revision)))
  }

  #check(cell: Cell): void {
    checkCell(cell)
    if ((cell.value?.length ?? 0) + cell.correction.length < LARGE) return
    const { layout, table } = this.#parts
    const row = layout.rowOf(layout.prefixOf(cell.key), cell.end)
    const size = sizeOf(cell)
    const most = MOST_FRAME_BYTES - 1_024 - row.length - table.length
    if (size <= most) return
    throw problem('HBASE_TOO_LARGE', 'A result for HBase', {
      found: `${cell.value?.length ?? 0} bytes`,
      expected: `at most ${most}, which a gateway takes`,
      remedy: 'Store less per window, or keep large values elsewhere and a reference here.',
    })
  }
}

function sizeOf(cell: Cell): number {
  return sizeOfQualifier(cell) + (cell.value?.length ?? 0)
}
