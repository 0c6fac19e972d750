/** Owns which vectors this repository holds: the files, and how many each has, so that none gets lost unseen. */
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { vectorOf } from './read-vector.ts'
import type { Vector } from './vector.ts'

export const FOLDER: string = fileURLToPath(new URL('../../vectors/', import.meta.url))

export const COUNTS: readonly (readonly [file: string, vectors: number])[] = [
  ['beam.json', 189],
  ['flink.json', 215],
  ['kafka-streams-overflow.json', 2],
  ['kafka-streams.json', 158],
  ['literature.json', 26],
  ['own.json', 39],
  ['splits.json', 25],
]

export function storedFiles(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
}

export function stored(file: string): readonly Vector[] {
  return (JSON.parse(readFileSync(`${FOLDER}${file}`, 'utf8')) as readonly unknown[]).map(vectorOf)
}
