/**
 * Owns the look at a file before LMDB maps it into memory: what is no such file, or has lost its end, would end the
 * process without a word. It reads the two meta pages and nothing else; damage inside of the file is found when it is read.
 */
import { type Stats, closeSync, openSync, readSync, statSync } from 'node:fs'

const META_AT = 24
const MAGIC = 0xbeef_c0de
const PAGE_SIZE_AT = 24
const LAST_PAGE_AT = 120
const TRANSACTION_AT = 128
const HEAD = 256

/** What is wrong with a file, in words; undefined: nothing that shows. */
export function damageOf(file: string): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false })
  // What LMDB has not begun to write is a new one.
  if (stats === undefined || stats.size === 0) return undefined
  return stats.isFile() ? damageIn(file, stats) : 'something that is no file'
}

function damageIn(file: string, { size }: Stats): string | undefined {
  const fd = openSync(file, 'r')
  try {
    const first = metaAt(fd, 0)
    if (first === undefined) return 'a file that is not of LMDB'
    const pageSize = first.readUInt32LE(PAGE_SIZE_AT)
    const second = metaAt(fd, pageSize)
    if (second === undefined) return 'a file without its second page'
    const [a, b] = [first, second].map((meta) => meta.readBigUInt64LE(TRANSACTION_AT)) as [bigint, bigint]
    const pages = Number((a > b ? first : second).readBigUInt64LE(LAST_PAGE_AT)) + 1
    // Pages at the end that were freed before anybody wrote them are not in the file: it may be somewhat shorter.
    return 2 * size < pages * pageSize ? `a file of ${size} bytes that says it has ${pages * pageSize}` : undefined
  } finally {
    closeSync(fd)
  }
}

function metaAt(fd: number, page: number): Buffer | undefined {
  const head = Buffer.alloc(HEAD)
  const read = readSync(fd, head, 0, HEAD, page)
  return read === HEAD && head.readUInt32LE(META_AT) === MAGIC ? head.subarray(META_AT) : undefined
}
