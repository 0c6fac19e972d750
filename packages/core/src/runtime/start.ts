/** Owns the way from a description to a run: `pipeline` for users, with the runtime behind it. */
import { begin } from '../pipeline/builders.ts'
import { compile } from '../pipeline/compile.ts'
import { layoutOf } from '../pipeline/layout.ts'
import type { Launch } from '../pipeline/pipeline.ts'
import type { StageOptions, Start } from '../pipeline/stages.ts'
import { checkStart } from './check-start.ts'
import { Run } from './run.ts'
import type { Work } from './work.ts'

/**
 * Begins a pipeline. `onError` is what its stages do with records they cannot process, unless they say otherwise:
 * 'fail' (default), 'skip' (counted), or { deadLetterTo: sink } (counted, with the original record and the reason).
 * @example pipeline('page-stats').from(views).eventTime({ timestamp: (v) => v.at, watermark: boundedOutOfOrderness('5s') })
 */
export function pipeline(name: string, options: StageOptions = {}): Start {
  return begin(launch, name, options)
}

const launch: Launch = (name, sinks, options) => {
  const work: Work = {
    name,
    layout: layoutOf(sinks),
    compile: (owns) => compile(name, sinks, { generateCode: options.generateCode ?? true, ...(owns && { owns }) }),
  }
  const compiled = work.compile()
  checkStart(name, compiled, options)
  return new Run(work, compiled, options)
}
