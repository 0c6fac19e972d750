/** Owns the cold store in memory: the reference for others, and the store of tests. */
import type { Cell } from './cell.ts'
import { CellTable } from './cell-table.ts'
import type { ColdSession, ColdStore } from './stores.ts'

/** Cells in one part of a slice. */
const SLICE = 1_000

/** Keeps everything as long as the store itself is kept: a session that is opened later finds what was put before. */
export function memoryColdStore(): ColdStore {
  const aggregations = new Map<string, { readonly table: CellTable; readonly registers: Map<string, Uint8Array> }>()
  return Object.freeze({
    kind: 'memoryColdStore()',
    epochZeroOnly: false,
    open: async ({ name }): Promise<ColdSession> => {
      let kept = aggregations.get(name)
      if (kept === undefined) aggregations.set(name, (kept = { table: new CellTable(), registers: new Map() }))
      const { table, registers } = kept
      return {
        put: async (cells) => {
          for (const cell of cells) table.put(cell)
        },
        read: async (keys, from, to) => keys.map((key) => table.read(key, from, to)),
        slice: (from, to) => slice(table, from, to),
        register: async (register) => registers.get(register)?.slice(),
        compareAndSet: async (register, expected, value) => {
          if (!same(registers.get(register), expected)) return false
          registers.set(register, value.slice())
          return true
        },
        close: async () => {},
      }
    },
  } satisfies ColdStore)
}

/** Cells of all keys in parts; what is written meanwhile may or may not be among them. */
export async function* slice(table: CellTable, from: number, to: number): AsyncGenerator<readonly Cell[], void> {
  let part: Cell[] = []
  for (const key of table.keys()) {
    for (const cell of table.read(key, from, to)) {
      part.push(cell)
      if (part.length < SLICE) continue
      yield part
      part = []
    }
  }
  if (part.length > 0) yield part
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
