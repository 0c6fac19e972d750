/** Owns the slow reference's windows: which ones a record falls into, when they are complete, when their state is gone. */

export interface OracleWindow {
  readonly start: number
  readonly end: number
}

/** Which windows there are. `custom`: as `assignWindows`; the others as their names say. All spans in ms. */
export type OracleWindows =
  | { readonly kind: 'tumbling'; readonly size: number; readonly offset?: number }
  | { readonly kind: 'hopping'; readonly size: number; readonly every: number; readonly offset?: number }
  | { readonly kind: 'session'; readonly gap: number }
  | { readonly kind: 'slidingByRecord'; readonly size: number }
  | { readonly kind: 'one' }
  | { readonly kind: 'custom'; readonly assign: (at: number) => readonly OracleWindow[]; readonly merge?: boolean }

/** The windows of a record; `accepted` are the times of its key that record-aligned windows already know. */
export function windowsOf(
  windows: OracleWindows,
  at: number,
  accepted: readonly number[] = [],
): readonly OracleWindow[] {
  switch (windows.kind) {
    case 'tumbling':
      return hops(at, windows.size, windows.size, windows.offset ?? 0)
    case 'hopping':
      return hops(at, windows.size, windows.every, windows.offset ?? 0)
    case 'session':
      return [{ start: at, end: at + windows.gap }]
    case 'one':
      return [{ start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY }]
    case 'custom':
      return windows.assign(at)
    case 'slidingByRecord': {
      // Every accepted record defines the window that ends right after it and the one that starts right after it.
      const starts = new Set([at, ...accepted].flatMap((point) => [point + 1 - windows.size, point + 1]))
      return [...starts]
        .filter((start) => start <= at && at < start + windows.size)
        .map((start) => ({ start, end: start + windows.size }))
    }
  }
}

/** Whether windows that overlap or touch become one. */
export function areMerging(windows: OracleWindows): boolean {
  return windows.kind === 'session' || (windows.kind === 'custom' && windows.merge === true)
}

/** The watermark that completes a window: its end; where windows merge at exactly the gap, one more. */
export function completesAt(windows: OracleWindows, { end }: OracleWindow): number {
  return end + (areMerging(windows) ? 1 : 0)
}

/** All [start, start + size) with start = offset + n · every that contain a time. */
function hops(at: number, size: number, every: number, offset: number): readonly OracleWindow[] {
  const windows: OracleWindow[] = []
  for (let start = Math.floor((at - offset) / every) * every + offset; start + size > at; start -= every)
    windows.push({ start, end: start + size })
  return windows
}
