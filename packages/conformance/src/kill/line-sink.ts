/** Owns a sink that appends items to a file as lines: what was written stays, a kill may cut the last line. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Sink } from '@tidemark/core'
import { line } from './job.ts'

/** Few, so that a kill often hits between the first and the last line of an interval. */
const LINES_AT_ONCE = 5

export function lineSink(path: string): Sink<unknown> {
  return {
    kind: 'lines',
    open: async () => {
      const torn = existsSync(path) && !/(^|\n)$/.test(readFileSync(path, 'utf8'))
      const file = openSync(path, 'a')
      if (torn) writeSync(file, '\n')
      return {
        write: async (batch) => {
          for (let from = 0; from < batch.length; from += LINES_AT_ONCE) {
            const text = batch
              .slice(from, from + LINES_AT_ONCE)
              .map((item) => `${line(item)}\n`)
              .join('')
            // In two parts, so that a kill may come in the middle of a line.
            for (const part of [text.slice(0, -50), text.slice(-50)]) {
              writeSync(file, part)
              await new Promise((resolve) => {
                setImmediate(resolve)
              })
            }
          }
        },
        progress: () => {},
        flush: async () => fsyncSync(file),
        close: async () => closeSync(file),
      }
    },
  }
}

/** The whole lines, and how many were cut. */
export function readLines(path: string): { readonly items: readonly unknown[]; readonly torn: number } {
  if (!existsSync(path)) return { items: [], torn: 0 }
  const items: unknown[] = []
  let torn = 0
  for (const text of readFileSync(path, 'utf8').split('\n')) {
    if (text === '') continue
    try {
      items.push(JSON.parse(text))
    } catch {
      torn++
    }
  }
  return { items, torn }
}
