/** Owns the command that runs vectors from files: its arguments, the lines it prints and its exit code. */
import { vectorFiles } from './files.ts'
import { vectorOf } from './read-vector.ts'
import { runSplits } from './run-splits.ts'
import { type Difference, messageOf, runWindows } from './run-windows.ts'

export interface Terminal {
  /** The folder that relative paths start from. */
  readonly folder: string
  readonly out: (line: string) => void
  readonly err: (line: string) => void
}

const USAGE = `npm run conformance -- PATH…
Runs the vectors of files, and of all *.json below folders, against the engine.
Example: npm run conformance -- packages/conformance/vectors`

/**
 * Runs the vectors of all paths. One line per vector that does not hold, then the counts; what is wrong with a path goes
 * to err. The exit code is 1 where a vector failed, a path was wrong or there was no vector at all.
 */
export function conformance(paths: readonly string[], { folder, out, err }: Terminal): 0 | 1 {
  const option = paths.find((path) => path.startsWith('-'))
  if (paths.length === 0 || option !== undefined) {
    if (option !== '--help' && option !== '-h')
      err(`conformance: found ${option === undefined ? 'no path' : `the option ${option}`}, expected files or folders.`)
    err(USAGE)
    return option === '--help' || option === '-h' ? 0 : 1
  }
  const { files, problems } = vectorFiles(paths, folder)
  for (const { path, what } of problems) err(`${path}: ${what}`)
  let passed = 0
  let failed = 0
  for (const { file, entries } of files) {
    for (const [i, entry] of entries.entries()) {
      const wrong = outcomeOf(entry)
      if (wrong === undefined) passed++
      else {
        failed++
        out(`${nameOf(entry) ?? `${file}, number ${i}`}${wrong}`)
      }
    }
  }
  out(`${passed} passed, ${failed} failed`)
  return failed > 0 || problems.length > 0 || passed === 0 ? 1 : 0
}

/** What the line of a vector says after its name; undefined: the vector holds. */
function outcomeOf(entry: unknown): string | undefined {
  try {
    const read = vectorOf(entry)
    const difference = read.of === 'windows' ? runWindows(read.vector) : runSplits(read.vector)
    return difference === undefined ? undefined : line(difference)
  } catch (error) {
    return `: cannot be run: ${oneLine(messageOf(error))}`
  }
}

function line({ step, expected, got }: Difference): string {
  return oneLine(`, ${step}: expected ${expected}, got ${got}`)
}

function nameOf(entry: unknown): string | undefined {
  const name = typeof entry === 'object' && entry !== null && 'name' in entry ? entry.name : undefined
  return typeof name === 'string' && name !== '' ? oneLine(name) : undefined
}

/** Names and messages may hold anything; a line stays a line. */
function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, ' ')
}
