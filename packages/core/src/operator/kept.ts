/**
 * Owns results that go with the accumulator they were made of, from the window to the first stage behind it, where a sink
 * keeps accumulators. No gate, trigger or user's function sees them.
 */
import type { AccumulatorCodec } from '../aggregate/accumulator-codec.ts'
import type { AggregateSpec } from '../aggregate/accumulators.ts'
import { NOTHING } from '../aggregate/nothing.ts'

/** A plain value, so that it may stand in a checkpoint. */
interface Kept {
  readonly '~value': unknown
  readonly '~accumulator': Uint8Array
}

/** Results of the stage as `toResult` makes them, with their accumulators. */
export function keeping(codec: AccumulatorCodec, toResult: AggregateSpec['toResult']): AggregateSpec['toResult'] {
  return (columns, slot): Kept | typeof NOTHING => {
    const value = toResult(columns, slot)
    return value === NOTHING ? NOTHING : { '~value': value, '~accumulator': codec.encodeSlot(columns, slot) }
  }
}

export function valueOf(result: unknown): unknown {
  return isKept(result) ? result['~value'] : result
}

/** The pane as the stages behind see it: the accumulator beside the value; a withdrawal needs none. */
export function unfold(pane: object): object {
  const { value: result, kind } = pane as { readonly value?: unknown; readonly kind: string }
  if (!isKept(result)) return pane
  const { '~value': value, '~accumulator': accumulator } = result
  return kind === 'retraction' ? { ...pane, value } : { ...pane, value, accumulator }
}

/** What a sink that keeps no accumulators gets: no panes that a filter left out, and no corrections. */
export function isVisible(pane: object): boolean {
  return !('filtered' in pane) && (pane as { readonly kind?: unknown }).kind !== 'correction'
}

function isKept(result: unknown): result is Kept {
  return typeof result === 'object' && result !== null && '~accumulator' in result
}
