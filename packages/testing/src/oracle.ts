/**
 * Owns the slow reference: the semantics page as a program that keeps every record and asks it anew each time. It
 * shares no code with the engine; where the two differ, one of them is wrong.
 *
 * It knows windows with lateness, panes and their timing, policies that are a cadence before and after completion, and
 * accumulation. It does not know splits and strategies (watermarks come from the script, or follow its records by a
 * bound), gates, or withdrawals.
 */
import type { Script, ScriptRecord } from './script.ts'

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

/** never, after each record, or this many ms of processing time after the first pending record. */
export type OracleCadence = 'never' | 'perRecord' | number
export interface OraclePolicy {
  readonly early: OracleCadence
  readonly completion: boolean
  readonly late: OracleCadence
}

export interface OracleOptions {
  readonly windows: OracleWindows
  readonly policy: OraclePolicy
  readonly accumulation?: 'accumulating' | 'discarding'
  readonly onTime?: 'always' | 'nonEmpty'
  readonly closing?: 'always' | 'nonEmpty'
  readonly latenessMs?: number
  /** What a pane's value is, from the values of its records; their sum if not given. */
  readonly aggregate?: (values: readonly number[]) => unknown
  /** The watermark follows the records: the greatest time − bound. */
  readonly boundMs?: number
}

/** A pane as the engine makes it; `window` of the one window is undefined. */
export interface OraclePane {
  readonly kind: 'value' | 'delta'
  readonly key: string
  readonly window: OracleWindow | undefined
  readonly index: number
  readonly value: unknown
  readonly timing: 'early' | 'on-time' | 'late'
  readonly isFirst: boolean
  readonly isLast: boolean
  readonly records: number
  readonly lateRecords: number
  readonly watermark: number
  readonly emittedAt: number
}

/** What came out of one step of the script, and how its (record, window) pairs were judged. */
export interface OracleStep {
  readonly panes: readonly OraclePane[]
  readonly noWindow: number
  readonly onTime: number
  readonly late: number
  readonly tooLate: number
}

/** A record in a window. `shown`: a pane has told of it. `due`: when the cadence of its phase wants it told. */
interface Arrival {
  readonly value: number
  readonly late: boolean
  readonly due: number
  shown: boolean
}
interface Live extends OracleWindow {
  readonly key: string
  readonly arrivals: Arrival[]
  /** Panes of exactly this key and window so far. */
  readonly panes: OraclePane[]
  /** What the trigger does at completion has been done: here or, if it is still complete, in a part that merged. */
  passed: boolean
}

/** The panes of each step of a script, recomputed from all records. */
export function oracle(script: Script, options: OracleOptions): readonly OracleStep[] {
  const run = new Oracle(options)
  return script.steps.map((step) => {
    run.begin()
    if (step.kind === 'records') for (const record of step.records) run.record(record)
    else if (step.kind === 'watermark') run.watermark(step.at)
    else if (step.kind === 'clock') run.clock(step.to)
    else if (step.kind === 'end') run.watermark(Number.POSITIVE_INFINITY)
    else throw new Error(`The oracle knows no splits: '${step.kind} ${step.split}'.`)
    return run.step
  })
}

class Oracle {
  readonly #options: OracleOptions
  readonly #lateness: number
  #live: Live[] = []
  /** Accepted records: those that at least one window took. */
  readonly #accepted: ScriptRecord[] = []
  #watermark: number = Number.NEGATIVE_INFINITY
  #now = 0
  step: { panes: OraclePane[]; noWindow: number; onTime: number; late: number; tooLate: number } = {
    panes: [],
    noWindow: 0,
    onTime: 0,
    late: 0,
    tooLate: 0,
  }

  constructor(options: OracleOptions) {
    this.#options = options
    this.#lateness = options.latenessMs ?? 0
  }

  begin(): void {
    this.step = { panes: [], noWindow: 0, onTime: 0, late: 0, tooLate: 0 }
  }

  /** A record meets the watermark before it. */
  record(record: ScriptRecord): void {
    const { boundMs } = this.#options
    const windows = this.#windowsOf(record)
    if (windows.length === 0) this.step.noWindow++
    const taken = windows.map((window) => (this.#merges ? this.#join(record, window) : this.#put(record, window)))
    if (taken.includes(true)) {
      const isNewPoint = !this.#accepted.some(({ key, at }) => key === record.key && at === record.at)
      this.#accepted.push(record)
      if (isNewPoint) this.#openAfter(record)
    }
    if (boundMs !== undefined) this.watermark(record.at - boundMs)
  }

  watermark(to: number): void {
    if (to <= this.#watermark) return
    const before = this.#watermark
    this.#watermark = to
    for (const window of this.#live) {
      const completing = before < this.#completesAt(window) && this.#isComplete(window)
      const fires = completing && this.#options.policy.completion
      const freeing = this.#isFreed(window)
      if (completing) window.passed = true
      const wanted = fires && (isPending(window) || this.#options.onTime === 'always')
      const owed = freeing && (isPending(window) || this.#options.closing === 'always')
      if (wanted || owed) this.#emit(window, completing, freeing)
    }
    this.#live = this.#live.filter((window) => !this.#isFreed(window))
  }

  clock(to: number): void {
    for (;;) {
      const due = Math.min(...this.#live.map((window) => this.#due(window)))
      if (due > to) break
      this.#now = due
      for (const window of this.#live) if (this.#due(window) === due) this.#emit(window, false, false)
    }
    this.#now = to
  }

  /** Complete when W ≥ end; where windows merge at exactly the gap, W > end. */
  #completesAt({ end }: OracleWindow): number {
    return end + (this.#merges ? 1 : 0)
  }

  #isComplete(window: OracleWindow): boolean {
    return this.#watermark >= this.#completesAt(window)
  }

  #isFreed(window: OracleWindow): boolean {
    return this.#watermark >= this.#completesAt(window) + this.#lateness
  }

  get #merges(): boolean {
    const { windows } = this.#options
    return windows.kind === 'session' || (windows.kind === 'custom' && windows.merge === true)
  }

  #windowsOf({ key, at }: ScriptRecord): readonly OracleWindow[] {
    const { windows } = this.#options
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
        const points = [at, ...this.#accepted.filter((other) => other.key === key).map((other) => other.at)]
        const starts = new Set(points.flatMap((point) => [point + 1 - windows.size, point + 1]))
        return [...starts]
          .filter((start) => start <= at && at < start + windows.size)
          .map((start) => ({ start, end: start + windows.size }))
      }
    }
  }

  /** Into a window that stands by itself; whether it took the record. */
  #put(record: ScriptRecord, { start, end, ...rest }: OracleWindow): boolean {
    if (this.#isFreed({ start, end })) {
      this.step.tooLate++
      return false
    }
    const same = JSON.stringify(rest)
    let window = this.#live.find(
      (other) =>
        other.key === record.key &&
        other.start === start &&
        other.end === end &&
        JSON.stringify(restOf(other)) === same,
    )
    if (window === undefined) this.#live.push((window = this.#open(record.key, { start, end, ...rest })))
    this.#arrive(record, window)
    return true
  }

  /** Into the session it makes or joins: those of its key that overlap or touch, as one. */
  #join(record: ScriptRecord, own: OracleWindow): boolean {
    const parts = this.#live.filter(({ key, start, end }) => key === record.key && start <= own.end && own.start <= end)
    if (parts.length === 0 && this.#isFreed(own)) {
      this.step.tooLate++
      return false
    }
    const start = Math.min(own.start, ...parts.map((part) => part.start))
    const end = Math.max(own.end, ...parts.map((part) => part.end))
    const [first] = parts
    // New bounds make a new window.
    const window: Live =
      first !== undefined && first.start === start && first.end === end
        ? first
        : {
            key: record.key,
            start,
            end,
            arrivals: parts.flatMap((part) => part.arrivals),
            panes: [],
            passed: this.#isComplete({ start, end }) && parts.some(({ passed }) => passed),
          }
    this.#live = [...this.#live.filter((other) => !parts.includes(other)), window]
    this.#arrive(record, window)
    return true
  }

  /** Record-aligned: the window right after a new point exists from now on, if something falls into it. */
  #openAfter({ key, at }: ScriptRecord): void {
    const { windows } = this.#options
    if (windows.kind !== 'slidingByRecord') return
    const bounds = { start: at + 1, end: at + 1 + windows.size }
    if (this.#isFreed(bounds) || this.#live.some((other) => other.key === key && other.start === bounds.start)) return
    const window = this.#open(key, bounds)
    if (window.arrivals.length === 0) return
    this.#live.push(window)
    this.#told(window)
  }

  /** A new window; a record-aligned one holds what was accepted before. */
  #open(key: string, bounds: OracleWindow): Live {
    const earlier =
      this.#options.windows.kind !== 'slidingByRecord'
        ? []
        : this.#accepted.filter((other) => other.key === key && other.at >= bounds.start && other.at < bounds.end)
    return {
      ...bounds,
      key,
      arrivals: earlier.map(({ value }) => this.#arrival(bounds, value)),
      panes: [],
      passed: false,
    }
  }

  #arrive({ value }: ScriptRecord, window: Live): void {
    const arrival = this.#arrival(window, value)
    window.arrivals.push(arrival)
    this.step[arrival.late ? 'late' : 'onTime']++
    this.#told(window)
  }

  #arrival(window: OracleWindow, value: number): Arrival {
    const late = this.#isComplete(window)
    const cadence = this.#options.policy[late ? 'late' : 'early']
    return {
      value,
      late,
      due: typeof cadence === 'number' ? this.#now + cadence : Number.POSITIVE_INFINITY,
      shown: false,
    }
  }

  /** Something new is in the window: a pane at once, if the policy wants one. */
  #told(window: Live): void {
    const { policy } = this.#options
    const complete = this.#isComplete(window)
    // A policy that fires at completion fires at once for what comes first after it.
    const overdue = complete && policy.completion && !window.passed
    if (complete) window.passed = true
    if (overdue || policy[complete ? 'late' : 'early'] === 'perRecord') this.#emit(window, false, false)
  }

  /** When a pane is due: the part for the phase in force counts from the first pending record it has seen. */
  #due(window: Live): number {
    const complete = this.#isComplete(window)
    return Math.min(
      Number.POSITIVE_INFINITY,
      ...window.arrivals
        .filter(({ shown, late }) => !shown && (late === complete || !this.#options.policy.completion))
        .map(({ due }) => due),
    )
  }

  #emit(window: Live, completing: boolean, isLast: boolean): void {
    const { accumulation = 'accumulating', aggregate = sum, windows } = this.#options
    const { key, arrivals, panes, start, end } = window
    const settled = panes.some(({ timing }) => timing !== 'early')
    const inTime = arrivals.some(({ shown, late }) => !shown && !late)
    const timing = !this.#isComplete(window) ? 'early' : !settled && (completing || inTime) ? 'on-time' : 'late'
    const told = accumulation === 'discarding' ? arrivals.filter(({ shown }) => !shown) : arrivals
    const pane: OraclePane = {
      kind: accumulation === 'discarding' ? 'delta' : 'value',
      key,
      window: windows.kind === 'one' ? undefined : { start, end, ...restOf(window) },
      index: panes.length,
      value: aggregate(told.map(({ value }) => value)),
      timing,
      isFirst: panes.length === 0,
      isLast,
      records: arrivals.length,
      lateRecords: arrivals.filter(({ late }) => late).length,
      watermark: this.#watermark,
      emittedAt: this.#now,
    }
    for (const arrival of arrivals) arrival.shown = true
    panes.push(pane)
    this.step.panes.push(pane)
  }
}

function isPending({ arrivals }: Live): boolean {
  return arrivals.some(({ shown }) => !shown)
}

/** Fields of a user's own windows beside their bounds. */
function restOf({
  start: _start,
  end: _end,
  key: _key,
  arrivals: _arrivals,
  panes: _panes,
  passed: _passed,
  ...rest
}: Live): object {
  return rest
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** All [start, start + size) with start = offset + n · every that contain a time. */
function hops(at: number, size: number, every: number, offset: number): readonly OracleWindow[] {
  const windows: OracleWindow[] = []
  for (let start = Math.floor((at - offset) / every) * every + offset; start + size > at; start -= every)
    windows.push({ start, end: start + size })
  return windows
}
