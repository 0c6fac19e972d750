import { described } from '../time/described.ts'
import { type Duration, showMs, toMs, toPositiveMs } from '../time/duration.ts'
import type { WindowAssigner } from './assigner.ts'
import { floorTo } from './grid.ts'
import type { TimeWindow } from './window.ts'

/**
 * Windows of one size side by side: a record at t is in [s, s + size), s the greatest multiple of size (plus offset)
 * that is not above t. Complete when W ≥ end.
 * @throws StreamError BAD_DURATION for a size of zero or a text that is no duration
 * @example tumbling('1m')
 */
export function tumbling(
  size: Duration,
  options: { readonly offset?: Duration } = {},
): WindowAssigner<unknown, TimeWindow> {
  const sizeMs = toPositiveMs(size, 'The size of tumbling')
  const offsetMs = options.offset === undefined ? 0 : toMs(options.offset, 'The offset of tumbling') % sizeMs
  const startOf = (timestamp: number): number => floorTo(timestamp, sizeMs, offsetMs)
  const endOf = (start: number): number => start + sizeMs
  return described({
    kind: `tumbling(${showMs(sizeMs)}${offsetMs === 0 ? '' : `, offset ${showMs(offsetMs)}`})`,
    assign: (timestamp: number) => {
      const start = startOf(timestamp)
      return [{ start, end: start + sizeMs }]
    },
    shape: Object.freeze({ type: 'grid', startOf, endOf } as const),
  })
}
