/**
 * Owns the slow reference: the semantics page as a program that keeps every record and asks it anew each time. It
 * shares no code with the engine; where the two differ, one of them is wrong.
 *
 * It knows windows with lateness, every trigger, policy and gate, panes and their timing, accumulation and withdrawals. It
 * does not know splits and strategies: watermarks come from the script, or follow its records by a bound.
 */
import type { Script, ScriptRecord } from '../script.ts'
import { emitsAtCompletion } from './at-completion.ts'
import { judged } from './gates.ts'
import { type OracleOptions, bufferOf, whensOf } from './options.ts'
import { type Firing, type Live, type OraclePane, pendingOf, publish, retraction, settle, valueOf } from './panes.ts'
import type { Arrival, Moment, Whens } from './when.ts'
import { type OracleWindow, areMerging, completesAt, windowsOf } from './windows.ts'

/** What came out of one step of the script, and how its (record, window) pairs were judged. */
export interface OracleStep {
  readonly panes: readonly OraclePane[]
  readonly noWindow: number
  readonly onTime: number
  readonly late: number
  readonly tooLate: number
}

/**
 * The panes of each step of a script, recomputed from all records. Panes of one window are in order; windows of one
 * step are in none.
 * @throws Error where the suppression buffer is full and must fail, and for splits
 */
export function oracle(script: Script, options: OracleOptions): readonly OracleStep[] {
  const run = new Oracle(options)
  return script.steps.map((step) => {
    run.begin()
    if (step.kind === 'records') for (const record of step.records) run.record(record)
    else if (step.kind === 'watermark') run.watermark(step.at)
    else if (step.kind === 'clock') run.clock(step.to)
    else if (step.kind === 'end') run.watermark(Number.POSITIVE_INFINITY)
    else if (step.kind !== 'restart')
      // A restart changes nothing.
      throw new Error(`The oracle knows no splits: '${step.kind} ${step.split}'.`)
    return run.step
  })
}

const nothing = { noWindow: 0, onTime: 0, late: 0, tooLate: 0 }

class Oracle {
  readonly #options: OracleOptions
  readonly #whens: Whens
  readonly #onTime: 'always' | 'nonEmpty'
  readonly #merging: boolean
  #live: Live[] = []
  /** Accepted records: those that at least one window took. */
  readonly #accepted: ScriptRecord[] = []
  #watermark: number = Number.NEGATIVE_INFINITY
  #now = 0
  #order = 0
  step: { panes: OraclePane[]; noWindow: number; onTime: number; late: number; tooLate: number } = {
    panes: [],
    ...nothing,
  }

  constructor(options: OracleOptions) {
    this.#options = options
    this.#whens = whensOf(options)
    this.#onTime = options.onTime ?? (this.#whens.repeats === true ? 'always' : 'nonEmpty')
    this.#merging = areMerging(options.windows)
  }

  begin(): void {
    this.step = { panes: [], ...nothing }
  }

  /** A record meets the watermark before it. */
  record(record: ScriptRecord): void {
    const { boundMs, windows } = this.#options
    const known = this.#accepted.filter(({ key }) => key === record.key).map(({ at }) => at)
    const own = windowsOf(windows, record.at, known)
    if (own.length === 0) this.step.noWindow++
    const taken = own.map((window) => (this.#merging ? this.#join(record, window) : this.#put(record, window)))
    if (taken.includes(true)) {
      this.#accepted.push(record)
      if (windows.kind === 'slidingByRecord' && !known.includes(record.at)) this.#openAfter(record, windows.size)
    }
    if (boundMs !== undefined) this.watermark(record.at - boundMs)
    this.#makeRoom()
  }

  watermark(to: number): void {
    if (to <= this.#watermark) return
    const before = this.#watermark
    this.#watermark = to
    for (const live of this.#live) {
      const completing = before < completesAt(this.#options.windows, live.window) && this.#isComplete(live.window)
      const at = this.#moment(live, completing ? 'completion' : 'time')
      const fires = (completing || live.when.nextWatermark(at) <= to) && live.when.fires(at)
      const wanted = fires && (isPending(live) || (completing && this.#onTime === 'always'))
      const freeing = this.#isFreed(live.window)
      const owed = freeing && (isPending(live) || this.#options.closing === 'always')
      if (owed || (wanted && (freeing || (completing && emitsAtCompletion(this.#options)))))
        this.#publish(live, completing, freeing)
      else if (wanted) this.#pass(live, completing)
    }
    // A published window must not be final and be withdrawn later.
    for (const live of this.#live) {
      const last = live.owed.filter(({ window }) => window !== undefined && this.#isFreed(window))
      live.owed = live.owed.filter((pane) => !last.includes(pane))
      this.step.panes.push(...last.map((pane) => retraction(pane, to, this.#now)))
    }
    this.#live = this.#live.filter(({ window }) => !this.#isFreed(window))
  }

  /** Stops at each time that a trigger asked for, or a gate. */
  clock(to: number): void {
    for (;;) {
      const wants = this.#live.map((live) => ({ live, at: live.when.nextClock(this.#moment(live, 'time')) }))
      const due = Math.min(Number.POSITIVE_INFINITY, ...wants.flatMap(({ live, at }) => [at, live.heldUntil]))
      if (due > to) break
      this.#now = due
      for (const { live, at } of wants) {
        if (at === due) this.#ask(live, 'time')
        if (live.heldUntil === due) this.#release(live)
      }
    }
    this.#now = to
  }

  #isComplete(window: OracleWindow): boolean {
    return this.#watermark >= completesAt(this.#options.windows, window)
  }

  #isFreed(window: OracleWindow): boolean {
    return this.#watermark >= completesAt(this.#options.windows, window) + (this.#options.latenessMs ?? 0)
  }

  /** Into a window that stands by itself; whether it took the record. */
  #put(record: ScriptRecord, window: OracleWindow): boolean {
    if (this.#isFreed(window)) {
      this.step.tooLate++
      return false
    }
    const bounds = JSON.stringify(window)
    const there = this.#live.find(({ key, window: other }) => key === record.key && JSON.stringify(other) === bounds)
    const live = there ?? this.#open(record.key, window)
    if (there === undefined) this.#live.push(live)
    this.#arrive(record, live, there === undefined ? this.#before(record.key, window) : [])
    return true
  }

  /** Into the session it makes or joins: those of its key that overlap or touch, as one. */
  #join(record: ScriptRecord, own: OracleWindow): boolean {
    const parts = this.#live.filter(
      ({ key, window }) => key === record.key && window.start <= own.end && own.start <= window.end,
    )
    if (parts.length === 0 && this.#isFreed(own)) {
      this.step.tooLate++
      return false
    }
    const start = Math.min(own.start, ...parts.map(({ window }) => window.start))
    const end = Math.max(own.end, ...parts.map(({ window }) => window.end))
    const same = parts.find(({ window }) => window.start === start && window.end === end)
    const live = same ?? this.#merged(record.key, { start, end }, parts)
    this.#live = [...this.#live.filter((other) => !parts.includes(other)), live]
    this.#arrive(record, live)
    return true
  }

  /** New bounds make a new window: it has the records of its parts, not their panes. */
  #merged(key: string, window: OracleWindow, parts: readonly Live[]): Live {
    const published = parts.flatMap(({ panes, owed }) => [...owed, ...panes.slice(-1)])
    const merged = {
      key,
      window,
      arrivals: parts.flatMap(({ arrivals }) => arrivals).toSorted((a, b) => a.order - b.order),
      panes: [],
      owed: this.#options.accumulation === 'discarding' ? [] : published,
      // The gate knows no pane of the new window; what it had wait in one of its parts waits on.
      heldUntil: Math.min(Number.POSITIVE_INFINITY, ...parts.map(({ heldUntil }) => heldUntil)),
      when: this.#whens.fresh(),
    }
    if (parts.length === 0) return merged
    const whens = parts.map(({ when }) => when)
    return { ...merged, when: this.#whens.joined(whens, this.#moment(merged, 'record')) }
  }

  /** Record-aligned: the window right after a new point exists from now on, if something falls into it. */
  #openAfter({ key, at }: ScriptRecord, size: number): void {
    const window = { start: at + 1, end: at + 1 + size }
    if (this.#isFreed(window) || this.#live.some((other) => other.key === key && other.window.start === window.start))
      return
    const before = this.#before(key, window)
    if (before.length === 0) return
    const live = this.#open(key, window)
    for (const other of before) this.#add(other, live)
    this.#live.push(live)
    this.#ask(live, 'record')
  }

  #open(key: string, window: OracleWindow): Live {
    const heldUntil = Number.POSITIVE_INFINITY
    return { key, window, arrivals: [], panes: [], owed: [], heldUntil, when: this.#whens.fresh() }
  }

  /** What a new window holds from the beginning, by event time: only a record-aligned one does. */
  #before(key: string, { start, end }: OracleWindow): readonly ScriptRecord[] {
    if (this.#options.windows.kind !== 'slidingByRecord') return []
    return this.#accepted
      .filter((other) => other.key === key && other.at >= start && other.at < end)
      .toSorted((a, b) => a.at - b.at)
  }

  /** `before`: what the window holds from the beginning. Of all that, the earliest is its first record. */
  #arrive(record: ScriptRecord, live: Live, before: readonly ScriptRecord[] = []): void {
    for (const each of [...before, record].toSorted((a, b) => a.at - b.at)) this.#add(each, live)
    this.step[this.#isComplete(live.window) ? 'late' : 'onTime']++
    this.#ask(live, 'record')
  }

  #add({ value, at }: ScriptRecord, live: Live): void {
    const late = this.#isComplete(live.window)
    const pending = pendingOf(live).map(({ since }) => since)
    const since = pending.length === 0 ? at : Math.min(...pending)
    const arrival: Arrival = { value, at, order: this.#order++, came: this.#now, since, late, shown: false }
    live.arrivals.push(arrival)
    live.when.record(arrival, this.#moment(live, 'record'))
  }

  #moment(live: Live, why: Moment['why']): Moment {
    return {
      why,
      now: this.#now,
      watermark: this.#watermark,
      complete: this.#isComplete(live.window),
      merging: this.#merging,
      pending: pendingOf(live),
    }
  }

  /** Asks the trigger; a firing makes a pane only of something new, unless the trigger says otherwise. */
  #ask(live: Live, why: Moment['why']): void {
    if (live.when.fires(this.#moment(live, why)) && (isPending(live) || this.#whens.repeats === true))
      this.#pass(live, false)
  }

  /** What the gate had wait is shown to it again; the trigger is not asked. */
  #release(live: Live): void {
    live.heldUntil = Number.POSITIVE_INFINITY
    this.#pass(live, false)
  }

  /** Through the gate. What is held stays pending; an empty pane is not worth waiting for. */
  #pass(live: Live, completing: boolean): void {
    const { gate } = this.#options
    const pane = { value: valueOf(live, this.#making), emittedAt: this.#now }
    const verdict = gate === undefined ? 'emit' : judged(gate, live.panes.at(-1), pane)
    if (verdict === 'emit') this.#publish(live, completing, false)
    else if (verdict === 'swallow') settle(live)
    else if (isPending(live)) live.heldUntil = Math.min(live.heldUntil, verdict.until)
  }

  get #making(): Pick<Firing, 'accumulation' | 'aggregate'> {
    const { accumulation = 'accumulating', aggregate = sum } = this.#options
    return { accumulation, aggregate }
  }

  #publish(live: Live, completing: boolean, isLast: boolean): void {
    const panes = publish(live, {
      ...this.#making,
      watermark: this.#watermark,
      now: this.#now,
      complete: this.#isComplete(live.window),
      completing,
      isLast,
      one: this.#options.windows.kind === 'one',
    })
    this.step.panes.push(...panes)
  }

  /** Where the suppression buffer is too full, the update that would be due first leaves, or the run fails. */
  #makeRoom(): void {
    const buffer = bufferOf(this.#options)
    if (buffer === undefined) return
    const due = (live: Live): number => live.when.nextWatermark(this.#moment(live, 'time'))
    const full = this.#live.filter(isPending).toSorted((a, b) => due(a) - due(b))
    const over = full.slice(0, Math.max(0, full.length - buffer.maxKeys))
    if (over.length > 0 && buffer.fails)
      throw new Error(`The suppression buffer holds ${full.length} windows, at most ${buffer.maxKeys} fit.`)
    for (const live of over) this.#publish(live, false, false)
  }
}

function isPending(live: Live): boolean {
  return pendingOf(live).length > 0
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
