/** Owns the shapes of the inputs: how many records, over which time, of how many keys. */
import { type Draft, T0, chance, emptyDraft, pick } from './records.ts'

const MINUTE = 60_000

/** Records at an even pace over some minutes, keys at random, each up to `disorderMs` behind its place. */
export function evenly(records: number, keyCount: number, minutes: number, disorderMs: number): Draft {
  const draft = emptyDraft(records)
  const next = chance(12_345)
  for (let i = 0; i < records; i++) {
    draft.keys[i] = next(keyCount)
    draft.at[i] = T0 + Math.floor((i * minutes * MINUTE) / records) - (disorderMs === 0 ? 0 : next(disorderMs))
    draft.values[i] = next(1_000)
  }
  return draft
}

/** For each slide of a hopping window, every key the same number of times, shuffled. */
export function perSlide(slides: number, everyMs: number, keyCount: number, recordsPerKey: number): Draft {
  const width = keyCount * recordsPerKey
  const draft = emptyDraft(slides * width)
  const next = chance(54_321)
  const deck = Int32Array.from({ length: width }, (_, i) => i % keyCount)
  for (let slide = 0, i = 0; slide < slides; slide++) {
    for (let place = width - 1; place > 0; place--) {
      const other = next(place + 1)
      const card = deck[place] as number
      deck[place] = deck[other] as number
      deck[other] = card
    }
    for (let place = 0; place < width; place++, i++) {
      draft.keys[i] = deck[place] as number
      draft.at[i] = T0 + slide * everyMs + Math.floor((place * everyMs) / width)
      draft.values[i] = next(1_000)
    }
  }
  return draft
}

/** The first record of each key in each slide: the same panes with hardly any records. */
export function thinned(draft: Draft, everyMs: number, keyCount: number): Draft {
  const seenIn = new Float64Array(keyCount).fill(Number.NEGATIVE_INFINITY)
  const places: number[] = []
  for (let i = 0; i < draft.keys.length; i++) {
    const slide = Math.floor(((draft.at[i] as number) - T0) / everyMs)
    const key = draft.keys[i] as number
    if (seenIn[key] === slide) continue
    seenIn[key] = slide
    places.push(i)
  }
  return pick(draft, places)
}

/** Sessions of 4 or 5 records up to 20 s apart, at least a gap and a half from each other, all keys in order of time. */
export function visits(records: number, keyCount: number, gapMs: number): Draft {
  const draft = emptyDraft(records)
  const next = chance(777)
  const at = Float64Array.from({ length: keyCount }, () => T0 + next(10 * gapMs))
  let key = 0
  let left = 0
  for (let i = 0; i < records; i++) {
    if (left === 0) {
      key = (key + 1) % keyCount
      left = 4 + next(2)
      at[key] = (at[key] as number) + Math.floor(1.5 * gapMs) + next(gapMs)
    }
    at[key] = (at[key] as number) + 1 + next(20_000)
    left--
    draft.keys[i] = key
    draft.at[i] = at[key] as number
    draft.values[i] = next(1_000)
  }
  const order = Array.from({ length: records }, (_, i) => i)
  return pick(
    draft,
    order.sort((a, b) => (draft.at[a] as number) - (draft.at[b] as number) || a - b),
  )
}
