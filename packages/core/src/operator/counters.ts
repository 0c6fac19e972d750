/**
 * Owns the accounts of a window stage. Two equations hold at every moment (law 5): of the records that reach the stage,
 * skipped + deadLettered + noWindow + assigned; of the assignments, onTime + late + tooLate + shed.
 */
export interface StageCounters {
  skipped: number
  deadLettered: number
  noWindow: number
  assigned: number
  assignments: number
  onTime: number
  late: number
  tooLate: number
  /** Of those too late: became corrections. */
  corrections: number
  shed: number
  earlyPanes: number
  onTimePanes: number
  latePanes: number
  lastPanes: number
  /** Panes that were withdrawn. */
  retractions: number
}

export function stageCounters(): StageCounters {
  return {
    skipped: 0,
    deadLettered: 0,
    noWindow: 0,
    assigned: 0,
    assignments: 0,
    onTime: 0,
    late: 0,
    tooLate: 0,
    corrections: 0,
    shed: 0,
    earlyPanes: 0,
    onTimePanes: 0,
    latePanes: 0,
    lastPanes: 0,
    retractions: 0,
  }
}
