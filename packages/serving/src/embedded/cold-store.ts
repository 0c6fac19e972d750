/** Owns the cold store in a folder. */
import type { ColdSession, ColdStore } from '@tidemark/core'
import { Cells } from './cells.ts'
import { type FolderOptions, checkFolder, openFolder } from './environment.ts'
import { AREA, delimited, keyOf, u32 } from './keys.ts'
import { numberOf } from './names.ts'

/** Cells of one transaction: others get their turn in between. */
const BATCH = 4_096

/**
 * A cold store in a folder of this machine, on LMDB: for one process without servers, and others that read beside it.
 * What `put` and `compareAndSet` have answered is on the disk. Needs the optional peer `lmdb`. Folders may be shared with
 * `embeddedHotStore` and `embeddedLog`.
 * @throws StreamError BAD_EMBEDDED; sessions reject with EMBEDDED_FULL, EMBEDDED_DAMAGED
 * @example embeddedColdStore({ path: './results' })
 */
export function embeddedColdStore(options: FolderOptions): ColdStore {
  checkFolder('embeddedColdStore', options)
  return Object.freeze({
    kind: `embeddedColdStore(${options.path})`,
    epochZeroOnly: false,
    open: async ({ name }): Promise<ColdSession> => {
      const environment = openFolder(options)
      const { db, read, write, flushed } = environment
      const id = numberOf(environment, 'cold', name)
      const cells = new Cells(environment, id)
      const registerOf = (register: string): Buffer => keyOf(AREA.registers, u32(id), delimited(Buffer.from(register)))
      return {
        put: async (of) => {
          for (let i = 0; i < of.length; i += BATCH)
            write(() => {
              for (const cell of of.slice(i, i + BATCH)) cells.put(cell)
            })
          await flushed()
        },
        read: async (keys, from, to) => keys.map((key) => cells.read(key, from, to)),
        slice: (from, to) => cells.slice(from, to),
        register: async (register) => read(() => copied(db.get(registerOf(register)))),
        compareAndSet: async (register, expected, value) => {
          const key = registerOf(register)
          const set = write(() => {
            const held = db.get(key)
            if (expected === undefined ? held !== undefined : held?.equals(expected) !== true) return false
            db.putSync(key, Buffer.from(value))
            return true
          })
          await flushed()
          return set
        },
        close: () => environment.close(),
      }
    },
  } satisfies ColdStore)
}

function copied(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : Uint8Array.from(bytes)
}
