/** Three months of real flights in the United States, early 2001, as published with the npm package vega-datasets. */
import { readFileSync } from 'node:fs'

export interface Flight {
  readonly id: string
  /** Scheduled departure: event time. The file has local times without a zone; all are taken for UTC. */
  readonly at: number
  /** When its record arrives here: when it landed. */
  readonly landedAt: number
  readonly delayMin: number
  readonly origin: string
}

interface Line {
  readonly date: string
  readonly delay: number
  readonly distance: number
  readonly origin: string
  readonly destination: string
}

const MINUTE_MS = 60_000
/** Miles that a flight makes in a minute. */
const SPEED = 8

/** All flights, in the order in which their records arrived: a long or late one comes after shorter ones of later hours. */
export function loadFlights(): readonly Flight[] {
  const file = new URL('../data/flights-20k.json', import.meta.resolve('vega-datasets'))
  const lines = JSON.parse(readFileSync(file, 'utf8')) as readonly Line[]
  const flights = lines.map(({ date, delay, distance, origin, destination }, i): Flight => {
    const at = Date.parse(`${date.replaceAll('/', '-').replace(' ', 'T')}:00Z`)
    const landedAt = at + (delay + Math.round(distance / SPEED)) * MINUTE_MS
    return { id: `${origin}-${destination}-${i}`, at, landedAt, delayMin: delay, origin }
  })
  return flights.sort((a, b) => a.landedAt - b.landedAt || a.at - b.at)
}
