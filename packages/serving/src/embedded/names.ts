/** Owns the numbers that stand for names of results in keys, one per name and store, given once. */
import type { Environment } from './environment.ts'
import { AREA, delimited, keyOf, u32 } from './keys.ts'

const COUNT = keyOf(AREA.names)

/** Another name has another number, and so has another store. */
export function numberOf({ db, read, write }: Environment, store: 'hot' | 'cold' | 'log', name: string): number {
  const key = keyOf(AREA.names, Buffer.from(store), Buffer.from([0]), delimited(Buffer.from(name)))
  const known = read(() => db.get(key))
  if (known !== undefined) return known.readUInt32BE()
  return write(() => {
    const taken = db.get(key)
    if (taken !== undefined) return taken.readUInt32BE()
    const number = (db.get(COUNT)?.readUInt32BE() ?? 0) + 1
    db.putSync(COUNT, u32(number))
    db.putSync(key, Buffer.concat([u32(number), Buffer.from(name)]))
    return number
  })
}
