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
    shuffle(deck, next)
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

/**
 * The records that an early pane waits for: of each key in each window the first, and the first one `everyMs` or more
 * after the one kept before it. The same panes with hardly any records.
 */
export function awaited(draft: Draft, sizeMs: number, everyMs: number, keyCount: number): Draft {
  const due = new Float64Array(keyCount).fill(Number.NEGATIVE_INFINITY)
  const places: number[] = []
  for (let i = 0; i < draft.keys.length; i++) {
    const key = draft.keys[i] as number
    const at = draft.at[i] as number
    if (at < (due[key] as number)) continue
    // A window that completes makes what is waited for void.
    due[key] = Math.min(at + everyMs, Math.floor(at / sizeMs) * sizeMs + sizeMs)
    places.push(i)
  }
  return pick(draft, places)
}

/** Every key as often as there are rounds, each time in another order, all within one window of a minute. */
export function everyKey(keyCount: number, rounds: number): Draft {
  const records = keyCount * rounds
  const draft = emptyDraft(records)
  const next = chance(2_463)
  const deck = Int32Array.from({ length: keyCount }, (_, i) => i)
  for (let i = 0; i < records; i++) {
    if (i % keyCount === 0) shuffle(deck, next)
    draft.keys[i] = deck[i % keyCount] as number
    draft.at[i] = T0 + Math.floor((i * MINUTE) / records)
    draft.values[i] = next(1_000)
  }
  return draft
}

/** Records of keys at random, all over so many windows of a minute. */
export function scattered(records: number, keyCount: number, windows: number): Draft {
  const draft = emptyDraft(records)
  const next = chance(31_337)
  for (let i = 0; i < records; i++) {
    draft.keys[i] = next(keyCount)
    draft.at[i] = T0 + next(windows * MINUTE)
    draft.values[i] = next(1_000)
  }
  return draft
}

/** A draft and then one record more, at a time after all others. */
export function andThen(draft: Draft, at: number): Draft {
  const records = draft.keys.length
  const longer = emptyDraft(records + 1)
  longer.keys.set(draft.keys)
  longer.at.set(draft.at)
  longer.values.set(draft.values)
  longer.at[records] = at
  return longer
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

function shuffle(deck: Int32Array, next: (below: number) => number): void {
  for (let place = deck.length - 1; place > 0; place--) {
    const other = next(place + 1)
    const card = deck[place] as number
    deck[place] = deck[other] as number
    deck[other] = card
  }
}
