/** Owns a cadence in words: when its panes come, and how many there can be. */
import { showMs } from '../time/duration.ts'
import type { Cadence } from './trigger.ts'

/** To be read after "a pane": 'for every record'. `unit`: what comes in. */
export function often(cadence: Exclude<Cadence, 'never'>, unit: string): string {
  return cadence === 'perRecord'
    ? `for every ${unit}`
    : `${showMs(cadence.afterMs)} of processing time after the first ${unit} that is pending`
}

/** 'one for every late record'; of panes that come by time, where: 'before completion'. None: nothing comes. */
export function waysOfCadence(cadence: Cadence, unit: string, phase?: string): readonly string[] {
  if (cadence === 'never') return []
  return [
    cadence === 'perRecord'
      ? `one for every ${unit}`
      : `one per ${showMs(cadence.afterMs)} of processing time${phase === undefined ? '' : ` ${phase}`}`,
  ]
}
