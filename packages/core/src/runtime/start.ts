/** Owns the way from a description to a run: `pipeline` for users, with the runtime behind it. */
import { begin } from '../pipeline/builders.ts'
import { compile } from '../pipeline/compile.ts'
import { layoutOf } from '../pipeline/layout.ts'
import type { Launch } from '../pipeline/pipeline.ts'
import { configError } from '../errors/stream-error.ts'
import type { StageOptions, Start } from '../pipeline/stages.ts'
import { Run } from './run.ts'

/**
 * Begins a pipeline. `onError` is what its stages do with records they cannot process, unless they say otherwise:
 * 'fail' (default), 'skip' (counted), or { deadLetterTo: sink } (counted, with the original record and the reason).
 * @example pipeline('page-stats').from(views).eventTime({ timestamp: (v) => v.at, watermark: boundedOutOfOrderness('5s') })
 */
export function pipeline(name: string, options: StageOptions = {}): Start {
  return begin(launch, name, options)
}

const launch: Launch = (name, sinks, options) => {
  const compiled = compile(name, sinks, { generateCode: options.generateCode ?? true })
  for (const { source } of compiled.sources) {
    if (options.checkpoint === undefined || source.seekable) continue
    throw configError('CANNOT_SEEK', `The checkpoint of '${name}'`, {
      saw: `the source '${source.kind}', which cannot be read again from a position`,
      expected: 'sources that can seek',
      remedy: 'Use an array, memorySource or a connector, or start the job without a checkpoint.',
    })
  }
  const { batchSize } = options
  if (batchSize !== undefined && (!Number.isSafeInteger(batchSize) || batchSize < 1)) {
    throw configError('BAD_BATCH_SIZE', "'batchSize' of start", {
      found: batchSize,
      expected: 'a whole number of at least 1',
      remedy: 'It is how many records are taken from a source at a time.',
    })
  }
  return new Run(name, compiled, layoutOf(sinks), options)
}
