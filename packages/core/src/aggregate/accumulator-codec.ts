/**
 * Owns accumulators outside of an engine: as bytes that name their layout, and merged and read where no window is. What
 * stores keep of a result, and what a correction carries. Knows no windows and no time.
 */
import { StreamError } from '../errors/stream-error.ts'
import { type Accumulators, AggregateSpec } from './accumulators.ts'
import type { TimedMeta } from '../io/meta.ts'
import type { AnyAggregator, Column } from './aggregator.ts'
import { ByteReader, ByteWriter } from './byte-stream.ts'
import { readValue, writeValue } from './bytes.ts'

/** Part of the stored format. */
const FORMAT = 1
const LAYOUT_BYTES = 4

/** One accumulator of a stage, on its own: nobody may look inside. */
export interface Accumulator {
  readonly '~accumulator': Accumulators
}

export class AccumulatorCodec {
  readonly #spec: AggregateSpec
  readonly #layout: readonly number[]
  readonly #scratch: Accumulators

  constructor(spec: AggregateSpec) {
    this.#spec = spec
    this.#layout = layoutOf(spec)
    this.#scratch = spec.make(1)
  }

  /** The accumulator of a slot as bytes; the slot is left as it is. */
  encodeSlot(columns: readonly Column[], slot: number): Uint8Array {
    const one = this.#scratch
    one.open(0)
    for (const [i, column] of columns.entries()) (one.columns[i] as Column).merge(0, column, slot)
    return this.#bytes(one)
  }

  /** What a record alone makes of nothing, as bytes; undefined: the user's functions throw for it. */
  encodeRecord(value: unknown, meta: TimedMeta): Uint8Array | undefined {
    this.#scratch.open(0)
    try {
      this.#spec.prepare(value, meta)
      this.#scratch.add(0, meta)
    } catch {
      return undefined
    }
    return this.#bytes(this.#scratch)
  }

  encode(accumulator: Accumulator): Uint8Array {
    return this.#bytes(accumulator['~accumulator'])
  }

  /** @throws StreamError ACCUMULATOR_LAYOUT for bytes of another aggregate, or that are no accumulator */
  decode(bytes: Uint8Array): Accumulator {
    const one = this.#fresh()
    try {
      const from = new ByteReader(bytes)
      if (from.u8() !== FORMAT) throw new TypeError('another format')
      for (const byte of this.#layout) if (from.u8() !== byte) throw new TypeError('another layout')
      one.load(
        one.columns.map(() => readValue(from)),
        1,
      )
      from.end()
    } catch (cause) {
      throw this.#unknown(bytes, cause)
    }
    return { '~accumulator': one }
  }

  /** May change and return the first; the second is left as it is. */
  merge(a: Accumulator, b: Accumulator): Accumulator {
    a['~accumulator'].merge(0, b['~accumulator'], 0)
    return a
  }

  /** Two that are bytes. */
  join(a: Uint8Array, b: Uint8Array): Uint8Array {
    return this.encode(this.merge(this.decode(a), this.decode(b)))
  }

  /** Which aggregator's accumulators cannot be bytes, and why; undefined: all can. */
  notPlain(): string | undefined {
    const { aggregators, names } = this.#spec
    for (const [i, of] of aggregators.entries()) {
      try {
        const bytes = new AccumulatorCodec(new AggregateSpec(of as AnyAggregator<never>))
        bytes.decode(bytes.encode({ '~accumulator': bytes.#fresh() }))
      } catch (error) {
        return `${names === undefined ? 'the aggregate' : `'${names[i]}'`}: ${error instanceof Error ? error.message : String(error)}`
      }
    }
    return undefined
  }

  result(accumulator: Accumulator): unknown {
    return accumulator['~accumulator'].result(0)
  }

  #fresh(): Accumulators {
    const one = this.#spec.make(1)
    one.open(0)
    return one
  }

  #bytes(one: Accumulators): Uint8Array {
    const out = new ByteWriter()
    out.u8(FORMAT)
    for (const byte of this.#layout) out.u8(byte)
    for (const column of one.columns) writeValue(out, column.save(1))
    return out.finish()
  }

  #unknown(bytes: Uint8Array, cause: unknown): StreamError {
    const why = cause instanceof Error ? cause.message : String(cause)
    const what = this.#spec.names === undefined ? 'one value' : this.#spec.names.join(', ')
    return new StreamError(
      'ACCUMULATOR_LAYOUT',
      `A stored accumulator of ${bytes.length} bytes: found ${why}, expected one of the aggregate (${what}). The aggregate was changed since it was written: make results anew under another name.`,
      { cause },
    )
  }
}

/** A few bytes that differ where names, their order, or what an accumulator means differ. */
function layoutOf({ names, aggregators, columns }: AggregateSpec): readonly number[] {
  const own = (i: number): string => (aggregators[i]?.encode === undefined ? 'plain' : 'encoded')
  const text = columns.map(({ kind, layout }, i) => `${names?.[i] ?? ''}:${kind ?? layout ?? own(i)}`)
  let hash = 0x811c9dc5
  for (const char of text.join('\n')) hash = Math.imul(hash ^ (char.codePointAt(0) as number), 0x01000193)
  return Array.from({ length: LAYOUT_BYTES }, (_, i) => (hash >>> (8 * i)) & 255)
}
