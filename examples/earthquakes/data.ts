/** The real earthquakes of one week, as the US Geological Survey published them (npm package vega-datasets). */
import { readFileSync } from 'node:fs'

export interface Quake {
  readonly id: string
  /** When the earth shook: event time. */
  readonly at: number
  /** When the catalogue last updated the entry: the time at which it arrives here, 2 minutes to 6.7 days later. */
  readonly updatedAt: number
  readonly magnitude: number
  readonly place: string
  /** 'earthquake', but also 'explosion' and 'quarry blast'. */
  readonly kind: string
}

interface Feature {
  readonly id: string
  readonly properties: {
    readonly time: number
    readonly updated: number
    readonly mag: number
    readonly place: string
    readonly type: string
  }
}

/** All entries, in the order in which they arrived. */
export function loadQuakes(): readonly Quake[] {
  const file = new URL('../data/earthquakes.json', import.meta.resolve('vega-datasets'))
  const { features } = JSON.parse(readFileSync(file, 'utf8')) as { readonly features: readonly Feature[] }
  const quakes = features.map(({ id, properties: { time, updated, mag, place, type } }): Quake => ({
    id,
    at: time,
    updatedAt: updated,
    magnitude: mag,
    place,
    kind: type,
  }))
  return quakes.sort((a, b) => a.updatedAt - b.updatedAt)
}

/** Magnitude classes, smallest first: an earthquake belongs to the last one whose bound it reaches. */
export const CLASSES = [
  ['micro', -10],
  ['minor', 2],
  ['light', 4],
  ['moderate', 5],
  ['strong', 6],
] as const
export type MagnitudeClass = (typeof CLASSES)[number][0]

export function classOf(quake: Pick<Quake, 'magnitude'>): MagnitudeClass {
  let found: MagnitudeClass = 'micro'
  for (const [name, from] of CLASSES) if (quake.magnitude >= from) found = name
  return found
}
