// What an engine would commit to the log: early panes, on-time panes, late updates, withdrawals, corrections, reports of
// two tasks, one of them idle at times, an end of input that may turn out to be none.
import { type LoggedResult, decodeKey, encodeKey } from '@tidemark/core'
import type { View } from '../../src/view.ts'
import type { SimulatedLog } from './stores.ts'
import type { World } from './world.ts'

export const WINDOW_MS = 1_000
export const LATENESS_MS = 2_000
export const KEYS = ['a', 'b', 'c'] as const
const PARTITIONS = ['0', '1'] as const
const TASKS = ['t0', 't1'] as const

export const partitionOf = (key: string): string => (key === 'b' ? '1' : '0')

const bytesOf = (n: number): Uint8Array => new Uint8Array(Float64Array.of(n).buffer)
const numberOf = (bytes: Uint8Array): number => new Float64Array(bytes.slice().buffer)[0]!

/** The value of a version: no two are the same, and no sum of two is one. */
export const valueOf = (end: number, revision: number): number => (end / WINDOW_MS) * 1e9 + (revision + 1) * 1e4

export const VIEW: View<string> = {
  name: 'r',
  windowMs: WINDOW_MS,
  align: (t) => Math.floor(t / WINDOW_MS) * WINDOW_MS,
  latenessMs: LATENESS_MS,
  gapMs: undefined,
  completeDelayMs: 0,
  finalDelayMs: LATENESS_MS,
  noRollUp: undefined,
  encodeKey: (key) => encodeKey(key),
  decodeKey: (bytes) => decodeKey(bytes) as string,
  decode: numberOf,
  merge: (a, b) => (a as number) + (b as number),
  value: (acc) => ({ value: acc }),
}

export class Engine {
  readonly #world: World
  readonly #log: SimulatedLog
  readonly #index: Map<string, number> = new Map()
  readonly #withdrawn: Set<string> = new Set()
  readonly #idle: Set<string> = new Set()
  #corrections = 0
  #complete = 0
  done = false

  constructor(world: World, log: SimulatedLog) {
    this.#world = world
    this.#log = log
  }

  /** Commits a window after the other, a second each, and what comes late in between. */
  start(windows: number): void {
    const world = this.#world
    const endsFor = world.chance(0.2) ? world.between(3, windows - 2) : undefined
    for (let w = 1; w <= windows; w++) {
      world.after((w - 1) * WINDOW_MS + world.between(0, 600), () => this.#early(w * WINDOW_MS))
      world.after(w * WINDOW_MS, () => {
        this.#onTime(w * WINDOW_MS)
        if (w === endsFor) this.#report(Number.POSITIVE_INFINITY)
        if (w === windows) {
          if (world.chance(0.5)) this.#report(Number.POSITIVE_INFINITY)
          this.done = true
        }
      })
      if (world.chance(0.7)) world.after(w * WINDOW_MS + world.between(50, 900), () => this.#late())
      if (world.chance(0.5)) world.after(w * WINDOW_MS + world.between(50, 900), () => this.#correct())
    }
  }

  #pane(key: string, end: number, timing: LoggedResult['timing'], withdraws: boolean = false): void {
    const place = `${key}${end}`
    const index = withdraws ? (this.#index.get(place) as number) : (this.#index.get(place) ?? -1) + 1
    this.#index.set(place, index)
    if (withdraws) this.#withdrawn.add(place)
    else this.#withdrawn.delete(place)
    const revision = 2 * index + Number(withdraws)
    this.#log.append(partitionOf(key), {
      kind: 'result',
      cell: {
        key: encodeKey(key),
        start: end - WINDOW_MS,
        end,
        correction: '',
        epoch: 0,
        revision,
        value: withdraws ? null : bytesOf(valueOf(end, revision)),
      },
      timing,
      isLast: false,
      records: 1,
      lateRecords: 0,
    })
  }

  #early(end: number): void {
    for (const key of KEYS) if (this.#world.chance(0.4)) this.#pane(key, end, 'early')
  }

  #onTime(end: number): void {
    // A key without records has no result; one that was shown early is shown complete.
    for (const key of KEYS)
      if (this.#index.has(`${key}${end}`) || this.#world.chance(0.7)) this.#pane(key, end, 'on-time')
    this.#complete = end
    if (this.#world.chance(0.15)) this.#idle.add('t1')
    else this.#idle.clear()
    this.#report(end)
  }

  #report(watermark: number): void {
    for (const partition of PARTITIONS)
      for (const task of TASKS)
        this.#log.append(partition, {
          kind: 'progress',
          task,
          watermark,
          tasks: TASKS.length,
          idle: this.#idle.has(task),
        })
  }

  #late(): void {
    const world = this.#world
    const key = KEYS[world.between(0, KEYS.length - 1)] as string
    const end = this.#complete - WINDOW_MS * world.between(0, LATENESS_MS / WINDOW_MS)
    if (end <= 0 || !this.#index.has(`${key}${end}`)) return
    if (world.chance(0.25) && !this.#withdrawn.has(`${key}${end}`)) {
      this.#pane(key, end, 'late', true)
      if (world.chance(0.5)) this.#pane(key, end, 'late')
    } else this.#pane(key, end, 'late')
  }

  #correct(): void {
    const world = this.#world
    const key = KEYS[world.between(0, KEYS.length - 1)] as string
    const end = this.#complete - LATENESS_MS - WINDOW_MS * world.between(0, 6)
    if (end <= 0) return
    this.#log.append(partitionOf(key), {
      kind: 'result',
      cell: {
        key: encodeKey(key),
        start: end - WINDOW_MS,
        end,
        correction: `c${this.#corrections++}`,
        epoch: 0,
        revision: 0,
        value: bytesOf(1),
      },
      timing: 'late',
      isLast: false,
      records: 1,
      lateRecords: 1,
    })
  }
}
