/** Owns how the results of a pipeline look to readers and writers of tiers. */
import { type Key, type Pipeline, type ServedResults, decodeKey, encodeKey, problem, servedBy } from '@tidemark/core'
import type { View } from './view.ts'

/** @throws StreamError NOT_SERVED for a pipeline that cannot keep what tiers promise */
export function viewOf<K extends Key>(results: Pipeline<never>): View<K> {
  const served = servedBy(results)
  const { name, windowMs, shape, merging, emitsAtCompletion, allowedLatenessMs, settledAfterMs } = served
  if (merging && shape.type !== 'session')
    throw problem('NOT_SERVED', `Results of '${name}' in two tiers`, {
      found: 'windows of your own that merge',
      expected:
        'sessions, or windows that stay as they are: readers merge what came too late by the rule of session(gap)',
      remedy: 'Use session(gap), or an assigner that does not merge.',
    })
  const sessionMs = merging ? 1 : 0
  return Object.freeze({
    name,
    windowMs,
    align: alignOf(served),
    latenessMs: allowedLatenessMs,
    gapMs: shape.type === 'session' ? shape.gapMs : undefined,
    completeDelayMs: (emitsAtCompletion ? 0 : allowedLatenessMs) + sessionMs,
    finalDelayMs: settledAfterMs,
    noRollUp: noRollUp(served),
    encodeKey: (key) => encodeKey(key),
    decodeKey: (bytes) => decodeKey(bytes) as K,
    decode: served.decode,
    merge: (a, b) => served.merge(a as never, b as never),
    value: (acc, key, { start, end, ...meta }) =>
      served.value(acc as never, { key, window: { start, end }, isFirst: meta.index === 0, emittedAt: 0, ...meta }),
  } satisfies View<K>)
}

function alignOf({ shape }: ServedResults): (t: number) => number {
  switch (shape.type) {
    // Windows stand side by side: where one begins another has ended.
    case 'grid':
      return shape.startOf
    case 'hopping': {
      const { sizeMs, everyMs, offsetMs } = shape
      const ends = offsetMs + sizeMs
      return (t) => Math.floor((t - ends) / everyMs) * everyMs + ends
    }
    default:
      return (t) => t
  }
}

function noRollUp({ shape }: ServedResults): string | undefined {
  if (shape.type === 'hopping' && shape.sizeMs > shape.everyMs)
    return 'windows that overlap, so that records are in several'
  if (shape.type === 'byRecord') return 'record-aligned windows, which overlap'
  return shape.type === 'custom' ? 'windows of your own, which may overlap' : undefined
}
