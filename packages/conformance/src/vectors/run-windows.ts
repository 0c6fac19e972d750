/**
 * Owns how a vector of a window is run and judged: through the public functions and `simulate`, part by part, and what
 * is said of the first part that differs.
 */
import { StreamError } from '@tidemark/core'
import { type PlayedStep, type ScriptStep, scriptOf as scriptOfSteps, simulate } from '@tidemark/testing'
import { expectedTexts, foundTexts } from './compare.ts'
import type { WindowVector } from './vector.ts'
import { type FoundPane, pipelineOf } from './pipeline-of.ts'
import { type Part, type ScriptOptions, scriptOf } from './script-of.ts'

/** Where a vector does not hold. */
export interface Difference {
  readonly step: string
  readonly expected: string
  readonly got: string
}

export interface RunOptions extends ScriptOptions {
  readonly by: 'fastPath' | 'step'
  /** Whether code may be made from text. */
  readonly generateCode: boolean
}

/** One record is one batch, a restart only where the vector says so, triggers by their fast path. */
export const AS_WRITTEN: RunOptions = {
  by: 'fastPath',
  generateCode: true,
  batches: 'perRecord',
  restarts: 'asWritten',
}

/** What stops a run that must fail: the form knows of failures of suppression buffers only. */
const FAILS = 'BUFFER_FULL'

/** The split of all records before the end of input: it is there from the start, even if none comes. */
const FIRST: ScriptStep = { kind: 'join', split: '0' }

/** The first difference; undefined: the vector holds. */
export function runWindows(vector: WindowVector, options: Partial<RunOptions> = {}): Difference | undefined {
  const how = { ...AS_WRITTEN, ...options }
  const { parts, records } = scriptOf(vector, how)
  const run = simulate(pipelineOf(vector, how.by), scriptOfSteps([FIRST, ...parts.flatMap(({ script }) => script)]), {
    record: (_, index) => records[index] as (typeof records)[number],
    onFailure: 'stop',
    generateCode: how.generateCode,
  })
  let next = 1
  for (const part of parts) {
    const steps = run.steps.slice(next, (next += part.script.length))
    const error = steps.length < part.script.length ? run.failure?.error : undefined
    const fails = vector.expect.some((entry) => entry.step === part.first && entry.fails)
    if (error === undefined && !fails) {
      const differs = compare(vector, part, steps)
      if (differs !== undefined) return differs
      continue
    }
    // Any other error is a mistake of the vector, of the library or of this runner.
    if (fails && error instanceof StreamError && error.code === FAILS) return undefined
    return {
      step: place(vector, part),
      expected: fails ? `the error ${FAILS}` : texts(expectedTexts(vector, part)),
      got:
        error === undefined
          ? texts(steps.flatMap(({ panes }) => foundTexts(vector, panes)))
          : `the error ${error instanceof StreamError ? `${error.code}: ` : ''}${messageOf(error)}`,
    }
  }
  return undefined
}

function compare(vector: WindowVector, part: Part, steps: readonly PlayedStep<FoundPane>[]): Difference | undefined {
  const step = place(vector, part)
  const expected = expectedTexts(vector, part)
  const got = foundTexts(
    vector,
    steps.flatMap(({ panes }) => panes),
  )
  if (texts(expected) !== texts(got)) return { step, expected: texts(expected), got: texts(got) }
  if (!vector.compareTooLate) return undefined
  const refused = steps.reduce((sum, { counts }) => sum + counts.tooLate, 0)
  const wanted = vector.expect
    .filter((entry) => entry.step >= part.first && entry.step <= part.last)
    .reduce((sum, { tooLate }) => sum + tooLate, 0)
  return refused === wanted ? undefined : { step, expected: `${wanted} too late`, got: `${refused} too late` }
}

function place({ steps }: WindowVector, { first, last }: Part): string {
  return first === last ? `step ${first} ${JSON.stringify(steps[first])}` : `steps ${first} to ${last}`
}

function texts(list: readonly string[]): string {
  return list.length === 0 ? 'nothing' : list.join(' ')
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
