/**
 * Owns what the slow reference asks a trigger: the moment it is shown and the questions it answers. One asker stands
 * beside one live window. It never sees values and never drops anything.
 */

/**
 * A record in a window, for good. `order`: of arrival. `came`: the clock then. `since`: event time of the first record
 * that no pane had told of by then (of all windows that are one now, the earliest). `shown`: a pane has told of it.
 */
export interface Arrival {
  readonly value: number
  readonly at: number
  readonly order: number
  readonly came: number
  readonly since: number
  readonly late: boolean
  shown: boolean
}

/** What a trigger may look at when it is asked. */
export interface Moment {
  /** What happened: a record came, the watermark completed the window, or a time came that the trigger asked for. */
  readonly why: 'record' | 'completion' | 'time'
  readonly now: number
  readonly watermark: number
  readonly complete: boolean
  /** Windows of this kind may merge. */
  readonly merging: boolean
  /** The records that no pane has told of, in order of arrival. */
  readonly pending: readonly Arrival[]
}

/** A trigger at work in one window. */
export interface When {
  /** A record came into the window. */
  record(arrival: Arrival, at: Moment): void
  /** Asks whether it fires. What a firing changes has happened when this returns true. */
  fires(at: Moment): boolean
  /** The first processing time after now at which it wants to be asked again; +∞: none. */
  nextClock(at: Moment): number
  /** The watermark at which it wants to be asked again, beside completion; +∞: none. */
  nextWatermark(at: Moment): number
}

/** How triggers begin: for a new window, and for one whose bounds came from others. */
export interface Whens {
  /** A firing makes a pane even if nothing came since the last one. */
  readonly repeats?: boolean
  readonly fresh: () => When
  readonly joined: (parts: readonly When[], at: Moment) => When
}
