/**
 * Owns where vectors are: the files that paths stand for and what they hold, as it was read. A file that is named must
 * hold vectors; of a folder all *.json count that do, at any depth, but not what begins with a dot or node_modules.
 */
import { readFileSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isVectorLike } from './read-vector.ts'

export interface VectorFile {
  readonly file: string
  /** What stands in the file's array, read but not checked. */
  readonly entries: readonly unknown[]
}

/** A path, as it was given, and why there are no vectors to have from it. */
export interface Problem {
  readonly path: string
  readonly what: string
}

/** Each file once, however often paths lead to it, in the order of the paths and by name below a folder. */
export function vectorFiles(
  paths: readonly string[],
  from: string,
): { readonly files: readonly VectorFile[]; readonly problems: readonly Problem[] } {
  const files = new Map<string, VectorFile>()
  const problems: Problem[] = []
  const read = (path: string, file: string, named: boolean): boolean => {
    const held = contentOf(file)
    const what = 'what' in held ? held.what : entriesOf(held.content)
    if (typeof what !== 'string') files.set(realpathSync(file), { file: path, entries: what })
    else if (named || 'what' in held) problems.push({ path, what })
    return typeof what !== 'string'
  }
  const readBelow = (path: string, at: string): void => {
    const below = jsonBelow(at)
    const known = problems.length
    const some = below.filter((name) => read(join(path, name), join(at, name), false)).length > 0
    if (!some && problems.length === known)
      problems.push({ path, what: `found no vectors in the ${below.length} *.json files below, expected some` })
  }
  for (const path of paths) {
    const at = resolve(from, path)
    try {
      const stat = statSync(at, { throwIfNoEntry: false })
      if (stat === undefined)
        problems.push({ path, what: `found nothing at ${at}, expected a file or a folder with vectors` })
      else if (stat.isDirectory()) readBelow(path, at)
      else read(path, at, true)
    } catch (error) {
      // No right to look, a name that is none.
      problems.push({ path, what: `cannot be read: ${(error as Error).message}` })
    }
  }
  return { files: [...files.values()], problems }
}

function jsonBelow(folder: string, inside: string = ''): readonly string[] {
  return readdirSync(join(folder, inside), { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = join(inside, entry.name)
      if (entry.name.startsWith('.') || entry.name === 'node_modules') return []
      if (entry.isDirectory()) return jsonBelow(folder, name)
      // A link counts if it leads to a file: one to a folder could lead round in a circle.
      const isFile = statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() ?? false
      return isFile && entry.name.endsWith('.json') ? [name] : []
    })
}

function contentOf(file: string): { readonly content: unknown } | { readonly what: string } {
  try {
    // A byte order mark is no part of JSON.
    return { content: JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')) as unknown }
  } catch (error) {
    return { what: `cannot be read as JSON: ${(error as Error).message}` }
  }
}

/** The vectors a file holds, or, in words, what it holds instead. */
function entriesOf(content: unknown): readonly unknown[] | string {
  const expected = 'expected an array of vectors (packages/conformance/vectors/README.md has the form)'
  if (!Array.isArray(content))
    return `found ${content === null ? 'null' : content instanceof Object ? 'one object' : `a ${typeof content}`}, ${expected}`
  if (!content.some(isVectorLike)) return `found an array of ${content.length} without any vector, ${expected}`
  return content
}
