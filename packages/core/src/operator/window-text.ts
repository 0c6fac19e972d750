/** Owns windows and times as text, for reports and messages. */
import type { TimeWindow } from '../window/window.ts'

/** A window as text: [start, end) as ISO times. */
export function windowText(window: unknown): string {
  const { start, end } = (window ?? {}) as Partial<TimeWindow>
  if (start === undefined || end === undefined) return window === undefined ? 'no window' : 'the one window'
  return `[${timeText(start)}, ${timeText(end)})`
}

export function timeText(at: number): string {
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString().replace('.000Z', 'Z') : String(at)
}
