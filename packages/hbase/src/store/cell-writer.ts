/**
 * Owns writing cells: the newest of each place, put together by row, in batches bounded in puts and bytes, several on
 * their way. A batch may be carried out in part or twice: its cells have their versions, so nothing changes by that.
 */
import type { Cell } from '@tidemark/core'
import type { CallOptions, Gateway } from '../client/gateway.ts'
import { problem } from '../errors.ts'
import type { Message } from '../thrift/binary-writer.ts'
import { putMultiple } from '../thrift/methods.ts'
import { MOST_FRAME_BYTES, PutBatch } from '../thrift/put-batch.ts'
import type { Expiry } from './expiry.ts'
import { FAMILY, type Layout, type Stored, checkCell, storedCell } from './layout.ts'
import { inParallel } from './parallel.ts'

const EMPTY: Buffer = Buffer.alloc(0)
const LIMITS = { puts: 1_000, bytes: 1_000_000 }

interface Row {
  readonly row: Buffer
  /** Kept beside the cells, where the row does not hold the key. */
  readonly keyCell: Stored | undefined
  /** By qualifier. */
  readonly cells: Map<string, readonly [Cell, Stored]>
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
    const { gateway, expiry, options } = this.#parts
    const rows = this.#newest(cells)
    expiry?.follow(watermark)
    const sends = function* (messages: Iterable<Message>): Generator<() => Promise<undefined>> {
      for (const message of messages) yield () => gateway.call(putMultiple(message), options)
    }
    await inParallel(sends(this.#batches(rows)), gateway.parallel)
  }

  /** The newest cell of each place, by row; of equal versions the last. */
  #newest(cells: readonly Cell[]): Iterable<Row> {
    const { layout } = this.#parts
    const rows = new Map<string, Row>()
    let key: Uint8Array | undefined
    let prefix: Buffer = EMPTY
    for (const cell of cells) {
      checkCell(cell)
      if (cell.key !== key) {
        key = cell.key
        prefix = layout.prefixOf(key)
      }
      const row = layout.rowOf(prefix, cell.end)
      const id = row.toString('latin1')
      let found = rows.get(id)
      if (found === undefined)
        rows.set(id, (found = { row, keyCell: layout.keyCell(cell.key, cell.end), cells: new Map() }))
      const stored = storedCell(cell)
      this.#checkSize(found, stored)
      const place = stored.qualifier.toString('latin1')
      const kept = found.cells.get(place)
      if (kept === undefined || kept[1].timestamp <= stored.timestamp) found.cells.set(place, [cell, stored])
    }
    return rows.values()
  }

  *#batches(rows: Iterable<Row>): Generator<Message> {
    const { table, expiry, layout } = this.#parts
    const batch = new PutBatch(table, FAMILY, LIMITS)
    for (const { row, keyCell, cells } of rows) {
      // Cells with times to live of their own are puts of their own.
      for (const group of expiry === undefined ? groups(cells.values()) : singles(cells.values())) {
        const bytes = group.reduce((sum, [, stored]) => sum + sizeOf(stored), row.length)
        if (!batch.fits(group.length, bytes)) yield batch.take()
        batch.begin(row)
        for (const [, { qualifier, tag, value, timestamp }] of group) batch.cell(qualifier, tag, value, timestamp)
        const [cell, stored] = group[0] as readonly [Cell, Stored]
        batch.end(expiry?.ttlOf(cell, stored.timestamp))
      }
      if (keyCell === undefined) continue
      if (!batch.fits(1, row.length + sizeOf(keyCell))) yield batch.take()
      batch.begin(row)
      batch.cell(keyCell.qualifier, keyCell.tag, keyCell.value, keyCell.timestamp)
      batch.end(expiry?.ttlOfKey(keyCell.timestamp, layout.spanMs))
    }
    if (batch.puts > 0) yield batch.take()
  }

  #checkSize({ row }: Row, stored: Stored): void {
    const most = MOST_FRAME_BYTES - 1_024 - row.length - this.#parts.table.length
    if (sizeOf(stored) <= most) return
    throw problem('HBASE_TOO_LARGE', 'A result for HBase', {
      found: `${stored.value.length} bytes`,
      expected: `at most ${most}, which a gateway takes`,
      remedy: 'Store less per window, or keep large values elsewhere and a reference here.',
    })
  }
}

/** Cells of one put together have at most so many bytes. */
const MOST_PUT_BYTES = 250_000

function* groups(cells: Iterable<readonly [Cell, Stored]>): Generator<readonly (readonly [Cell, Stored])[]> {
  let [group, bytes] = [[] as (readonly [Cell, Stored])[], 0]
  for (const cell of cells) {
    const size = sizeOf(cell[1])
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

function* singles<T>(cells: Iterable<T>): Generator<readonly T[]> {
  for (const cell of cells) yield [cell]
}

function sizeOf({ qualifier, value }: Stored): number {
  return qualifier.length + value.length
}
