// What the model of the two tiers knows: its configuration, a state, and entries of the log as small numbers.

/** Rules of the protocol; true keeps one, except where the name says what is done instead. */
export interface Rules {
  readonly compareAndSet: boolean
  readonly positionInHot: boolean
  /** lease: only what no reader looks for in hot; boundary: what lies below the boundary; ttl: anything. */
  readonly evict: 'lease' | 'boundary' | 'ttl'
  readonly publishAfterFlush: boolean
  readonly boundaryBelowCold: boolean
  readonly addTiers: boolean
  readonly sessionToken: boolean
  /** A hot position moves only in the life of the server in which what lies before it was acknowledged. */
  readonly oneLife: boolean
  /** A reader counts what a write under way may have shown as seen. */
  readonly countsAnnounced: boolean
  /** The hot writer leaves out windows below the boundary. */
  readonly freeze: boolean
  /** A hot write of an evicted window does nothing. */
  readonly evictedStaysOut: boolean
  /** A withdrawal is kept as a version of its own; else the cell is deleted. */
  readonly tombstones: boolean
  /** Corrections are found by their id; else each that comes is added. */
  readonly correctionIds: boolean
  /** A frontier is known when every task has reported. */
  readonly allTasks: boolean
  /** The end of the input says nothing about windows that nobody has written. */
  readonly endIsNoBoundary: boolean
}

export interface Config {
  readonly windows: number
  readonly overlap: number
  readonly monotone: boolean
  readonly tasks: 1 | 2
  /** Windows that get a late update, a withdrawal after it, a correction. */
  readonly late: readonly number[]
  readonly withdrawn: readonly number[]
  readonly corrected: readonly number[]
  readonly failover: boolean
  readonly zombie: boolean
  /** A task may say that it is idle, and come back. */
  readonly idle: boolean
  /** After the last window but one the input ends, and begins again. */
  readonly end: boolean
  readonly rules: Rules
}

export interface State {
  log: number[]
  hotAt: number
  hotKept: number
  hot: number[]
  hotCorrections: number[]
  /** Entries before it may be in hot. */
  announced: number
  snapshot: { hot: number[]; announced: number; kept: number } | null
  /** The step of the hot writer began before the failover; blocked: the position is not what it expects, either. */
  adrift: 'no' | 'yes' | 'blocked'
  coldAt: number
  coldKept: number
  durable: number
  buffer: number[]
  bufferCorrections: number[]
  cold: number[]
  coldCorrections: number[]
  C: number
  B: number
  readerB: number
  evicted: number
  seen: number[]
  /** How far hot must be after a failover before the reader believes it, and that it does. */
  token: number
  believes: boolean
  everHot: boolean[]
  belowFrontier: boolean[]
  failedOver: boolean
  zombies: number
}

export const ALL_RULES: Rules = {
  compareAndSet: true,
  positionInHot: true,
  evict: 'lease',
  publishAfterFlush: true,
  boundaryBelowCold: true,
  addTiers: false,
  sessionToken: true,
  oneLife: true,
  countsAnnounced: true,
  freeze: false,
  evictedStaysOut: true,
  tombstones: true,
  correctionIds: true,
  allTasks: true,
  endIsNoBoundary: true,
}

export const PLAIN: Config = {
  windows: 2,
  overlap: 0,
  monotone: true,
  tasks: 1,
  late: [1],
  withdrawn: [],
  corrected: [],
  failover: false,
  zombie: false,
  idle: false,
  end: false,
  rules: ALL_RULES,
}

/** No frontier yet. */
export const C_NONE = 0
export const END = 99

// A pane: window × 16 + version × 2 + 1 where it withdraws. A correction: 160 + window. A report of a task: 200 and more.
export const pane = (w: number, version: number, withdraws = false): number => w * 16 + version * 2 + Number(withdraws)
export const corrected = (w: number): number => 160 + w
export const frontier = (task: number, upTo: number): number => 200 + task * 200 + upTo
export const idle = (task: number): number => frontier(task, 100)
export const isCorrection = (entry: number): boolean => entry > 160 && entry < 200
export const isReport = (entry: number): boolean => entry >= 200
/** 0 for a report. */
export const windowOf = (entry: number): number =>
  isReport(entry) ? 0 : isCorrection(entry) ? entry - 160 : entry >> 4

/** How far everything is complete, by the reports among the first `upTo` entries. */
export function completeUpTo(config: Config, log: readonly number[], upTo: number): number {
  const reached: (number | 'idle' | undefined)[] = Array.from({ length: config.tasks }, () => undefined)
  let known = C_NONE
  let written = 0
  for (let i = 0; i < upTo; i++) {
    const entry = log[i]!
    written = Math.max(written, windowOf(entry))
    if (!isReport(entry)) continue
    const task = Math.floor((entry - 200) / 200)
    const said = (entry - 200) % 200
    reached[task] =
      said === 100 ? 'idle' : said === END && config.rules.endIsNoBoundary ? written : Math.min(said, config.windows)
    if (config.rules.allTasks && reached.includes(undefined)) continue
    const active = reached.filter((one): one is number => typeof one === 'number')
    // It never goes back.
    if (active.length > 0) known = Math.max(known, Math.min(...active))
  }
  return known
}

const row = <T>(config: Config, of: T): T[] => Array.from({ length: config.windows + 1 }, () => of)

export function initial(config: Config): State {
  return {
    log: [],
    hotAt: 0,
    hotKept: 0,
    hot: row(config, 0),
    hotCorrections: row(config, 0),
    announced: 0,
    snapshot: null,
    adrift: 'no',
    coldAt: 0,
    coldKept: 0,
    durable: 0,
    buffer: row(config, 0),
    bufferCorrections: row(config, 0),
    cold: row(config, 0),
    coldCorrections: row(config, 0),
    C: C_NONE,
    B: 0,
    readerB: 0,
    evicted: 0,
    seen: row(config, 0),
    token: 0,
    believes: true,
    everHot: row(config, false),
    belowFrontier: row(config, false),
    failedOver: false,
    zombies: 0,
  }
}

export function keyOf(s: State): string {
  return JSON.stringify(Object.values(s))
}

export function copyOf(s: State): State {
  return {
    ...s,
    log: s.log.slice(),
    hot: s.hot.slice(),
    hotCorrections: s.hotCorrections.slice(),
    buffer: s.buffer.slice(),
    bufferCorrections: s.bufferCorrections.slice(),
    cold: s.cold.slice(),
    coldCorrections: s.coldCorrections.slice(),
    seen: s.seen.slice(),
    everHot: s.everHot.slice(),
    belowFrontier: s.belowFrontier.slice(),
  }
}
