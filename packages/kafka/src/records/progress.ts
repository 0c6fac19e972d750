/**
 * Owns progress records: how far the results of each task are, travelling in the results topic itself, and what a reader
 * may conclude from them. Each task writes its progress to every partition, behind the panes it is about.
 */
import { problem } from '@tidemark/core'
import { encodeProgressKey } from './result-key.ts'

/** How far a task is: no result of it for a window that is freed at `watermark` will change any more. */
export interface Progress {
  readonly kind: 'progress'
  readonly task: string
  readonly watermark: number
  /** How many tasks write results to the topic. */
  readonly tasks: number
  /** A task without an active split: the others do not wait for it. */
  readonly idle: boolean
}

/** Header values are text, so that any consumer can read them: −inf and inf stand for what has no number. */
export function timeText(time: number): string {
  return Number.isFinite(time) ? String(time) : time > 0 ? 'inf' : '-inf'
}

export function timeOfText(text: string): number {
  return text === 'inf' ? Number.POSITIVE_INFINITY : text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text)
}

export function encodeProgress(progress: Progress): { readonly key: Uint8Array; readonly value: Uint8Array } {
  const { task, watermark, tasks, idle } = progress
  const value = JSON.stringify({ task, watermark: timeText(watermark), tasks, idle })
  return { key: encodeProgressKey(task), value: Buffer.from(value) }
}

export function decodeProgress(value: Uint8Array): Progress {
  const text = Buffer.from(value).toString()
  let found: { readonly [name: string]: unknown } | null = null
  try {
    found = JSON.parse(text) as { readonly [name: string]: unknown } | null
  } catch {
    // Said below.
  }
  const { task, tasks, idle } = found ?? {}
  const watermark = typeof found?.['watermark'] === 'string' ? timeOfText(found['watermark']) : Number.NaN
  const whole = Number.isSafeInteger(watermark) || Math.abs(watermark) === Number.POSITIVE_INFINITY
  if (typeof task !== 'string' || !Number.isSafeInteger(tasks) || typeof idle !== 'boolean' || !whole) {
    throw problem('BAD_PROGRESS', 'A progress record', {
      found: text.slice(0, 120),
      expected: 'an object with task, watermark, tasks and idle',
      remedy: 'Somebody else writes to the results topic: give it one of its own.',
    })
  }
  return { kind: 'progress', task, watermark, tasks: tasks as number, idle }
}

/**
 * How far the results of a whole topic are: the least of all tasks that are not idle, in each partition, once every task
 * has reported in each. It never goes back: what an idle task makes below it after resuming is an update of results
 * that were called final.
 */
export class ResultFrontier {
  /** Newest progress per partition and task; one entry for each, never cleared. */
  readonly #partitions: Map<string, Map<string, Progress>>
  #watermark = Number.NEGATIVE_INFINITY

  constructor(partitions: Iterable<string>) {
    this.#partitions = new Map([...partitions].map((name) => [name, new Map()]))
  }

  get watermark(): number {
    return this.#watermark
  }

  /** Takes in a progress record of a partition; a partition that was not known holds the frontier from here on. */
  observe(partition: string, progress: Progress): number {
    let tasks = this.#partitions.get(partition)
    if (tasks === undefined) this.#partitions.set(partition, (tasks = new Map()))
    tasks.set(progress.task, progress)
    let least = Number.POSITIVE_INFINITY
    let active = false
    for (const known of this.#partitions.values()) {
      if (known.size === 0) return this.#watermark
      for (const { watermark, tasks: expected, idle } of known.values()) {
        if (known.size < expected) return this.#watermark
        if (idle) continue
        active = true
        least = Math.min(least, watermark)
      }
    }
    if (active && least > this.#watermark) this.#watermark = least
    return this.#watermark
  }
}
