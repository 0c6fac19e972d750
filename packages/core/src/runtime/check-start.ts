/** Owns what is checked when a job is started: that what it is to keep can be kept, and that it may be shared out. */
import { configError } from '../errors/stream-error.ts'
import { followsGroup } from '../io/followed-by.ts'
import { isTransactional } from '../io/sink.ts'
import type { Compiled } from '../pipeline/compile.ts'
import type { StartOptions } from '../pipeline/job.ts'

export function checkStart(name: string, compiled: Compiled, options: StartOptions): void {
  const { batchSize } = options
  if (batchSize !== undefined && (!Number.isSafeInteger(batchSize) || batchSize < 1)) {
    throw configError('BAD_BATCH_SIZE', "'batchSize' of start", {
      found: batchSize,
      expected: 'a whole number of at least 1',
      remedy: 'It is how many records are taken from a source at a time.',
    })
  }
  const transactional = isCommittedAsOne(name, compiled, options)
  for (const { source } of compiled.sources) {
    if ((options.checkpoint === undefined && !transactional) || source.seekable) continue
    throw configError('CANNOT_SEEK', transactional ? `The exactly-once job '${name}'` : `The checkpoint of '${name}'`, {
      saw: `the source '${source.kind}', which cannot be read again from a position`,
      expected: 'sources that can seek',
      remedy: 'Use an array, memorySource or a connector, or start the job without a checkpoint.',
    })
  }
  if (transactional && compiled.sources.some(({ source }) => followsGroup(source))) {
    throw configError('SHARED_ALONE', `The source of '${name}'`, {
      saw: 'an archive followed by what a group shares',
      expected: 'one process that reads both: another one would read all of it again, and take its place',
      remedy: 'Leave out the group of the log.',
    })
  }
  if (transactional && compiled.sources.some(({ source }) => source.openShared !== undefined))
    checkShared(name, compiled)
}

/** Whether the job is exactly-once; then all of it must be decided by one system. */
function isCommittedAsOne(name: string, { task }: Compiled, { checkpoint }: StartOptions): boolean {
  const sinks = task.endpoints.filter(({ sink }) => isTransactional(sink))
  if (sinks.length === 0) return false
  const domains = new Set(sinks.map(({ sink }) => isTransactional(sink) && sink.transactions.domain))
  const loose = sinks.find(({ role }) => role === 'bestEffort')
  const saw =
    checkpoint !== undefined
      ? `a checkpoint (${checkpoint.kind}) beside it`
      : sinks.every(({ role }) => role !== 'primary')
        ? `it as '${sinks[0]?.role}', with another sink as the primary one`
        : loose !== undefined
          ? `the sink '${loose.name}' as one that may lose results`
          : domains.size > 1
            ? 'exactly-once sinks in several systems'
            : undefined
  if (saw === undefined) return true
  throw configError('NOT_ONE_COMMIT', `The exactly-once sink of '${name}'`, {
    saw,
    expected: 'one system that decides results, state and positions together',
    remedy: "Make it the primary sink, without a checkpoint; write to other systems with the role 'required'.",
  })
}

/** Several processes may have the splits: no two of them may make results of one key. */
function checkShared(name: string, { sources, names }: Compiled): void {
  if (sources.length > 1) {
    throw configError('SHARED_ALONE', `The sources of '${name}'`, {
      saw: `${sources.length}, of which one is shared by a group`,
      expected: 'one source, where it is shared',
      remedy: 'Read several topics with one source, or leave out the group.',
    })
  }
  for (const [node, stage] of names) {
    if (node.op !== 'keyBy' || node.keepsPartition) continue
    throw configError('NEEDS_REPARTITION', `'${stage}' of '${name}', which shares its source with a group`, {
      saw: 'a key of its own, by which one key may be in several processes',
      expected: 'a key that leaves records in their partition',
      remedy:
        'Use keyByRecordKey(), or { keepsPartition: true } where the key says the same as that of the record, or write the records to a topic by the new key first.',
    })
  }
}
