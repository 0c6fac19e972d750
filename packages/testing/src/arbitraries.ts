/** Owns generated input: disordered keyed streams, scripts with watermarks and clock moves, splits, batch partitions. */
import * as fc from 'fast-check'
import { ONLY_SPLIT, type Script, type ScriptRecord, type ScriptStep, scriptOf } from './script.ts'

export interface StreamOptions {
  /** Keys 'a', 'b', …; 2 if not given. */
  readonly keys?: number
  readonly minRecords?: number
  readonly maxRecords?: number
  /** Event times go from `from` (−20, so that negative ones come) to about `from` + span (100). */
  readonly from?: number
  readonly span?: number
  /** How far, in event time, a record may come after later ones; 20 if not given. */
  readonly disorder?: number
  /** Splits 'p0', 'p1', … instead of a single one. */
  readonly splits?: number
}

/** Keyed records in order of arrival, the times disordered by a bound. Values are small whole numbers. */
export function disorderedStream(options: StreamOptions = {}): fc.Arbitrary<readonly ScriptRecord[]> {
  const { keys = 2, minRecords = 0, maxRecords = 20, from = -20, span = 100, disorder = 20, splits = 0 } = options
  const row = fc.record({
    key: fc.integer({ min: 0, max: keys - 1 }),
    split: fc.integer({ min: 0, max: Math.max(0, splits - 1) }),
    value: fc.integer({ min: -9, max: 9 }),
    at: fc.integer({ min: from, max: from + span }),
    delay: fc.integer({ min: 0, max: disorder }),
  })
  return fc.array(row, { minLength: minRecords, maxLength: maxRecords, size: 'max' }).map((rows) =>
    rows
      .toSorted((a, b) => a.at + a.delay - (b.at + b.delay))
      .map(({ key, split, value, at }) => ({
        split: splits === 0 ? ONLY_SPLIT : `p${split}`,
        key: String.fromCodePoint(97 + key),
        value,
        at,
      })),
  )
}

export interface ScriptOptions extends StreamOptions {
  /** Watermarks in the script (true if not given); without them the pipeline's strategy counts. */
  readonly watermarks?: boolean
  /** No record is earlier than the watermark before it. */
  readonly nothingLate?: boolean
  /** Moves of the clock; true if not given. */
  readonly clock?: boolean
  /** Ends with the end of input; true if not given. */
  readonly end?: boolean
}

type Row =
  | {
      readonly kind: 'record'
      readonly key: string
      readonly split: string
      readonly value: number
      readonly step: number
      readonly back: number
    }
  | { readonly kind: 'watermark'; readonly by: number }
  | { readonly kind: 'clock'; readonly by: number }

/**
 * Scripts whose time goes forward with disorder: records around a moving front, watermarks (small steps, and jumps over
 * several windows) that leave some of them late, clock moves, and the end. Shrinks to few and small steps.
 */
export function scripts(options: ScriptOptions = {}): fc.Arbitrary<Script> {
  const {
    keys = 2,
    minRecords = 0,
    maxRecords = 20,
    from = -20,
    disorder = 20,
    splits = 0,
    watermarks = true,
    nothingLate = false,
    clock = true,
    end = true,
  } = options
  const record: fc.Arbitrary<Row> = fc.record({
    kind: fc.constant('record' as const),
    key: fc.integer({ min: 0, max: keys - 1 }).map((n) => String.fromCodePoint(97 + n)),
    split: fc.integer({ min: 0, max: Math.max(0, splits - 1) }).map((n) => (splits === 0 ? ONLY_SPLIT : `p${n}`)),
    value: fc.integer({ min: -9, max: 9 }),
    step: fc.integer({ min: 0, max: 8 }),
    back: fc.oneof(
      { weight: 2, arbitrary: fc.constant(0) },
      { weight: 3, arbitrary: fc.integer({ min: 0, max: disorder }) },
    ),
  })
  const rows: fc.WeightedArbitrary<Row>[] = [{ weight: 6, arbitrary: record }]
  if (watermarks)
    rows.push({
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('watermark' as const),
        by: fc.oneof(
          { weight: 5, arbitrary: fc.integer({ min: 0, max: 12 }) },
          { weight: 1, arbitrary: fc.integer({ min: 20, max: 60 }) },
        ),
      }),
    })
  if (clock)
    rows.push({
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('clock' as const), by: fc.integer({ min: 1, max: 15 }) }),
    })
  return fc
    .array(fc.oneof(...rows), { minLength: minRecords, maxLength: Math.ceil(maxRecords * 1.6), size: 'max' })
    .map((list) => {
      let front = from
      let watermark = from - Math.floor(disorder / 3)
      let now = 0
      const steps: ScriptStep[] = []
      for (const row of list) {
        if (row.kind === 'record') {
          front += row.step
          const at = nothingLate ? Math.max(watermark, front - row.back) : front - row.back
          steps.push({ kind: 'records', records: [{ split: row.split, key: row.key, value: row.value, at }] })
        } else if (row.kind === 'watermark') {
          watermark += row.by
          // A watermark that runs away from the records leaves nothing but late ones.
          front = Math.max(front, watermark - Math.floor(disorder / 4))
          steps.push({ kind: 'watermark', at: watermark })
        } else {
          now += row.by
          steps.push({ kind: 'clock', to: now })
        }
      }
      // A script without any watermark would leave the strategy in force.
      if (watermarks && !steps.some(({ kind }) => kind === 'watermark'))
        steps.push({ kind: 'watermark', at: watermark })
      if (end) steps.push({ kind: 'end' })
      return scriptOf(steps)
    })
}

/** How a list may be cut into batches: the sizes of the batches; the last one takes what is left. */
export function partitions(): fc.Arbitrary<readonly number[]> {
  return fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 })
}

/** Cuts a list by sizes, which come round again. */
export function partition<T>(items: readonly T[], sizes: readonly number[]): readonly (readonly T[])[] {
  const parts: T[][] = []
  for (let from = 0, i = 0; from < items.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    parts.push(items.slice(from, (from += size)))
  }
  return parts
}
