/** Owns the sources in use: which lane has which split, and which splits have nothing more at the moment. */
import type { SourceReader } from '../io/source.ts'
import type { Lane } from './lane.ts'

export class Input {
  readonly source: number
  readonly name: string
  readonly reader: SourceReader<unknown>
  /** The lane of each split that was seen. */
  readonly lanes: Map<string, Lane> = new Map()
  readonly finished: Set<string> = new Set()
  /**
   * Whether a poll is outstanding, or its batch waits to be taken. Asked again before that, its records would change places,
   * and it may have been its last.
   */
  asked: 'no' | 'waits' | 'answered' = 'no'

  /** `source`: its number among the sources of the job. */
  constructor(source: number, name: string, reader: SourceReader<unknown>) {
    this.source = source
    this.name = name
    this.reader = reader
  }

  join(split: string, lane: Lane): void {
    this.lanes.set(split, lane)
    lane.task.join(lane.port(this.source), split, this.reader)
  }

  /** A lane is not at work any more. */
  leave(lane: Lane): void {
    for (const [split, owner] of this.lanes) {
      if (owner !== lane) continue
      this.lanes.delete(split)
      this.finished.delete(split)
    }
  }

  /** Nothing to ask for: every split is finished, or held back so that it does not run ahead. */
  get resting(): boolean {
    if (this.lanes.size === 0) return false
    if (this.finished.size === this.lanes.size) return true
    for (const [split, lane] of this.lanes) {
      if (this.finished.has(split)) continue
      const clocks = lane.port(this.source).timelines.map((timeline) => timeline.clocks.get(split))
      if (clocks.length === 0 || clocks.some((clock) => clock?.paused !== true)) return false
    }
    return true
  }

  /** Notes which splits have nothing more at this moment; `waited`: what a source that cannot tell is taken to mean. */
  look(waited: boolean): void {
    for (const [split, lane] of this.lanes) {
      for (const timeline of lane.port(this.source).timelines) {
        const clock = timeline.clocks.get(split)
        if (clock === undefined || (waited ? clock.paused : clock.split.state !== 'active')) continue
        clock.caughtUp = this.reader.caughtUp?.(split) ?? waited
      }
    }
  }
}
