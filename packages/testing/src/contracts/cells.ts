/** Owns cells for checks: made from little, and shown as lines that can be compared. */
import type { Cell } from '@tidemark/core'

/** The size of windows in checks, ms. */
export const WINDOW_MS = 1_000

/** Of every host. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array }

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** A cell of a window that ends at `end`, whose value says place and version. */
export function cellOf(key: string | Uint8Array, end: number, revision: number, more: Partial<Cell> = {}): Cell {
  const bytes = typeof key === 'string' ? utf8(key) : key
  const cell = { key: bytes, start: end - WINDOW_MS, end, correction: '', epoch: 0, revision, ...more }
  const said = `${cell.start},${cell.end},${cell.correction},${cell.epoch},${cell.revision}`
  return { value: utf8(said), ...cell }
}

/** The same, withdrawn. */
export function withdrawn(key: string | Uint8Array, end: number, revision: number, more: Partial<Cell> = {}): Cell {
  return cellOf(key, end, revision, { ...more, value: null })
}

/** A cell of one key as a line. */
export function line({ start, end, correction, epoch, revision, value }: Cell): string {
  const beside = correction === '' ? '' : ` correction '${shortened(correction)}'`
  const holds = value === null ? 'withdrawn' : `${value.length} bytes ${hex(value)}`
  return `[${start}, ${end})${beside} version ${epoch}.${revision} ${holds}`
}

/** The same, with its key. */
export function keyedLine(cell: Cell): string {
  return `key ${cell.key.length} bytes ${hex(cell.key)} ${line(cell)}`
}

/** In the order of the contract; corrections, whose order is open, by their ids behind the result. */
export function ordered(cells: readonly Cell[]): readonly Cell[] {
  return [...cells].sort(
    (a, b) =>
      a.end - b.end || a.start - b.start || (a.correction < b.correction ? -1 : a.correction > b.correction ? 1 : 0),
  )
}

/** Long ones by length and a checksum, so that errors stay readable. */
function hex(bytes: Uint8Array): string {
  if (bytes.length > 64) return `with the checksum ${checksum(bytes)}`
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** FNV-1a. */
function checksum(bytes: Uint8Array): string {
  let hash = 0x811c_9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x0100_0193) >>> 0
  return hash.toString(16)
}

function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60)}… (${text.length} characters)`
}
