import { described } from '../time/described.ts'
import { configError } from '../errors/stream-error.ts'
import { type Duration, showMs, toMs, toPositiveMs } from '../time/duration.ts'
import type { WindowAssigner } from './assigner.ts'
import { floorTo } from './grid.ts'
import type { TimeWindow } from './window.ts'

/** More slices in one window than this cannot be kept in order and in memory: refused when the pipeline is built. */
export const MOST_SLICES = 100_000

/**
 * Windows of one size that start every `every`: they overlap when `every` is smaller than the size; when it is greater,
 * a record in a gap is in no window and counted as such. Complete when W ≥ end.
 * @throws StreamError TOO_MANY_SLICES for more than 100,000 slices per window; BAD_DURATION for a zero size or period
 * @example hopping('10m', { every: '1m' })
 */
export function hopping(
  size: Duration,
  options: { readonly every: Duration; readonly offset?: Duration },
): WindowAssigner<unknown, TimeWindow> {
  const sizeMs = toPositiveMs(size, 'The size of hopping')
  const everyMs = toPositiveMs(options.every, "'every' of hopping")
  const offsetMs = options.offset === undefined ? 0 : toMs(options.offset, 'The offset of hopping') % everyMs
  const slices = slicesPerWindow(sizeMs, everyMs)
  if (slices > MOST_SLICES) {
    throw configError('TOO_MANY_SLICES', `hopping('${size}', { every: '${options.every}' })`, {
      saw: `${slices} slices per window`,
      expected: `at most ${MOST_SLICES}`,
      remedy: `Choose an 'every' of at least ${showMs(Math.ceil(sizeMs / MOST_SLICES))}, or a smaller size.`,
    })
  }
  return described({
    kind: `hopping(${showMs(sizeMs)}, every ${showMs(everyMs)}${offsetMs === 0 ? '' : `, offset ${showMs(offsetMs)}`})`,
    assign: (timestamp: number) => {
      const windows: TimeWindow[] = []
      const last = floorTo(timestamp, everyMs, offsetMs)
      for (let start = last; start > timestamp - sizeMs; start -= everyMs) windows.push({ start, end: start + sizeMs })
      return windows.reverse()
    },
    shape: Object.freeze({ type: 'hopping', sizeMs, everyMs, offsetMs } as const),
  })
}

/** Slices are cut where a window starts and where one ends ("pairs": Krishnamurthy et al., SIGMOD 2006). */
export function slicesPerWindow(sizeMs: number, everyMs: number): number {
  const hops = Math.floor(sizeMs / everyMs)
  return sizeMs % everyMs === 0 ? hops : 2 * hops + 1
}
