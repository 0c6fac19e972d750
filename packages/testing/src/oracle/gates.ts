/**
 * Owns the gates of the slow reference: what becomes of a pane that a trigger has fired, judged by the pane before it of
 * the same key and window. What waits or is swallowed, and what passes without being asked, is oracle.ts's business; the
 * suppression buffer is a trigger here (policies.ts).
 */

/** As data: only panes with another value than the one before, or at most one per this many ms of processing time. */
export type OracleGate = 'onChange' | { readonly atMostEvery: number }

interface Before {
  readonly value: unknown
  readonly emittedAt: number
}

/** Lets the pane pass, swallows it, or has it wait until a time of the clock. */
export function judged(
  gate: OracleGate,
  before: Before | undefined,
  { value, emittedAt: now }: Before,
): 'emit' | 'swallow' | { readonly until: number } {
  if (before === undefined) return 'emit'
  if (gate === 'onChange') return JSON.stringify(before.value) === JSON.stringify(value) ? 'swallow' : 'emit'
  const until = before.emittedAt + gate.atMostEvery
  return now >= until ? 'emit' : { until }
}
