/**
 * Owns how a gate is asked and told, and what counts as its answer. A gate is code of others: it may throw, and it may
 * name times that have come already, or never do.
 */
import { StreamError, show, reasonOf } from '../errors/stream-error.ts'
import type { GateContext, GateDecision, PaneGate } from '../trigger/gate.ts'
import type { Cells } from './cells.ts'
import { valueOf } from './kept.ts'

export class GateCalls {
  readonly #gate: PaneGate
  readonly #stage: string

  constructor(gate: PaneGate, stage: string) {
    this.#gate = gate
    this.#stage = stage
  }

  /** What becomes of a slot's pane. A time to hold it until that is not ahead has come. */
  decide(cells: Cells, slot: number, value: unknown, at: GateContext): GateDecision {
    let decision: GateDecision
    try {
      decision = this.#gate.decide(cells.gate?.[slot], valueOf(value), at)
    } catch (cause) {
      throw this.#threw(cause)
    }
    if (decision === 'emit' || decision === 'swallow') return decision
    const { holdUntil, holdUntilWatermark } = (decision ?? {}) as { holdUntil?: unknown; holdUntilWatermark?: unknown }
    if (isTime(holdUntilWatermark)) return holdUntilWatermark > at.watermark ? { holdUntilWatermark } : 'emit'
    if (isTime(holdUntil)) return holdUntil > at.now ? { holdUntil } : 'emit'
    throw new StreamError(
      'BAD_GATE',
      `The gate ${this.#gate.kind} of '${this.#stage}': found ${show(decision)}, expected 'emit', 'swallow', { holdUntil } or { holdUntilWatermark } with a time in ms. Mend its decide; the job goes on from what was safe.`,
      { at: { operator: this.#stage } },
    )
  }

  /** A slot's pane has left. */
  emitted(cells: Cells, slot: number, value: unknown, at: GateContext): void {
    const states = (cells.gate ??= [])
    try {
      states[slot] = this.#gate.emitted(states[slot], valueOf(value), at)
    } catch (cause) {
      throw this.#threw(cause)
    }
  }

  #threw(cause: unknown): StreamError {
    const text = reasonOf(cause)
    return new StreamError(
      'GATE_THREW',
      `The gate ${this.#gate.kind} of '${this.#stage}': found that it threw ${text}, expected it to return. It belongs to no one record, so onError does not apply; the job goes on from what was safe once the gate is mended.`,
      { cause, at: { operator: this.#stage } },
    )
  }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(value)
}
