/** Owns reading cells: a page of rows for each call, no scanner left open anywhere, pages of about the same bytes. */
import { type Cell, StreamError } from '@tidemark/core'
import type { CallOptions, Gateway } from '../client/gateway.ts'
import { type StoredRow, scanRows } from '../thrift/methods.ts'
import { FAMILY, type Layout, type RowRange, cellOf, endOf } from './layout.ts'
import { inParallel, merged } from './parallel.ts'

export interface CellReaderParts {
  readonly gateway: Gateway
  readonly table: Uint8Array
  readonly layout: Layout
  readonly salts: number
  readonly options: CallOptions
}

const FIRST_PAGE_ROWS = 16
const MOST_PAGE_ROWS = 1_000
const PAGE_BYTES = 1_000_000
/** Cells in one part of a slice. */
const PART = 1_000

export class CellReader {
  readonly #parts: CellReaderParts

  constructor(parts: CellReaderParts) {
    this.#parts = parts
  }

  async read(keys: readonly Uint8Array[], from: number, to: number): Promise<readonly (readonly Cell[])[]> {
    const steps = keys.map((key) => () => this.#readKey(key, from, to))
    return inParallel(steps, this.#parts.gateway.parallel)
  }

  slice(from: number, to: number): AsyncGenerator<readonly Cell[], void> {
    const { salts, gateway } = this.#parts
    const streams = Array.from({ length: salts }, (_, salt) => this.#sliceOf(salt, from, to))
    return merged(streams, gateway.parallel)
  }

  async #readKey(key: Uint8Array, from: number, to: number): Promise<readonly Cell[]> {
    const { layout } = this.#parts
    const range = layout.rowsOf(layout.prefixOf(key), from, to)
    if (range === undefined) return []
    const own = key.slice()
    const cells: Cell[] = []
    for await (const rows of this.#pages(range, from)) {
      for (const { cells: stored } of rows) {
        for (const each of stored) {
          const end = endOf(each)
          if (end !== undefined && end > from && end <= to) cells.push(cellOf(each, own, end))
        }
      }
    }
    return cells
  }

  async *#sliceOf(salt: number, from: number, to: number): AsyncGenerator<readonly Cell[], void> {
    const { layout } = this.#parts
    let part: Cell[] = []
    for await (const rows of this.#pages(layout.rowsOfSalt(salt), from)) {
      for (const { row, cells } of rows) {
        const wanted = cells.flatMap((each) => {
          const end = endOf(each)
          return end !== undefined && end > from && end <= to ? [{ each, end }] : []
        })
        if (wanted.length === 0) continue
        const key = layout.keyOf(row, cells)
        // Its cell was written by another batch than these, which has not arrived yet: neither have they.
        if (key === undefined) continue
        for (const { each, end } of wanted) {
          part.push(cellOf(each, key, end))
          if (part.length < PART) continue
          yield part
          part = []
        }
      }
      if (part.length === 0) continue
      yield part
      part = []
    }
  }

  /** Rows in order, some at a time. */
  async *#pages(range: RowRange, from: number): AsyncGenerator<readonly StoredRow[], void> {
    const { gateway, table, options } = this.#parts
    // No window that is asked for has an older version: the server leaves out files that hold only such.
    const since = from >= 0 ? Math.floor(from) + 1 : 0
    const sinceIfAny = since > 0 && Number.isSafeInteger(since) ? { since } : {}
    let { start } = range
    let left = range.most
    for (let rows = FIRST_PAGE_ROWS; left > 0;) {
      rows = Math.min(rows, left, MOST_PAGE_ROWS)
      const scan = { start, stop: range.stop, rows, ...sinceIfAny }
      let page: readonly StoredRow[]
      try {
        page = await gateway.call(scanRows(table, FAMILY, scan), options)
      } catch (error) {
        // Rows are larger than most are: one at a time.
        if (rows === 1 || !(error instanceof StreamError) || error.code !== 'HBASE_REPLY_TOO_LARGE') throw error
        rows = 1
        continue
      }
      if (page.length > 0) yield page
      const last = page.at(-1)
      if (page.length < rows || last === undefined) return
      left -= page.length
      start = Buffer.concat([last.row, ZERO])
      const bytes = page.reduce(
        (sum, { cells }) => sum + cells.reduce((all, cell) => all + cell.value.length + 100, 0),
        1,
      )
      rows = Math.max(1, Math.min(4 * rows, Math.floor((page.length * PAGE_BYTES) / bytes)))
    }
  }
}

const ZERO = Buffer.alloc(1)
