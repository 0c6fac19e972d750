/** Owns what a window is: half-open [start, end), in ms of event time. */

export interface TimeWindow {
  readonly start: number
  readonly end: number
}
/** The window of oneWindow(): it has no bounds, so what needs bounds does not accept it. */
export interface OneWindow {
  readonly only: true
}
