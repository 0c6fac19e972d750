/** Owns how a watermark strategy is asked, and what counts as its answer. */
import { recordError } from '../errors/stream-error.ts'
import { type Call, withMeta } from '../operator/cursor.ts'
import type { TimeNode } from './plan.ts'

/** A strategy that is asked record by record, with its answers checked. */
export function observer(strategy: TimeNode['watermark']['observe']): Call<number> {
  const ask = withMeta(strategy)
  return (value, cursor) => {
    const watermark = ask(value, cursor) ?? Number.NEGATIVE_INFINITY
    if (
      Number.isSafeInteger(watermark) ||
      watermark === Number.NEGATIVE_INFINITY ||
      watermark === Number.POSITIVE_INFINITY
    )
      return watermark
    throw recordError('BAD_WATERMARK', 'The watermark of a record', {
      found: watermark,
      expected: 'whole milliseconds, or undefined for none',
      remedy: 'Check the function given to punctuated.',
    })
  }
}
