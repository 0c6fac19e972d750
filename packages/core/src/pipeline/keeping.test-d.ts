// What takes corrections and accumulators, as types.
import { collected } from '../io/memory-sinks.ts'
import type { Correction, DeltaPane, Pane } from '../pane/pane.ts'
import type { TimeWindow } from '../window/window.ts'
import type { Results } from './stages.ts'

declare const results: Results<'k', number>
declare const pane: Pane<'k', number>
declare const delta: DeltaPane<'k', number>

results.correctionsTo(collected<Correction<'k', TimeWindow>>()).map((sum) => sum + 1)
results.correctionsTo(collected<Pane<'k', number>>())
// @ts-expect-error: corrections carry no values
results.correctionsTo(collected<DeltaPane<'k', number>>())
// @ts-expect-error: of another key
results.correctionsTo(collected<Correction<number>>())

if (pane.kind === 'value') pane.accumulator satisfies Uint8Array | undefined
if (pane.kind === 'correction') pane.delta satisfies Uint8Array
delta.accumulator satisfies Uint8Array | undefined
// @ts-expect-error: a correction has no value
if (pane.kind === 'correction') pane.value satisfies number
// @ts-expect-error: a withdrawal needs no accumulator
if (pane.kind === 'retraction') pane.accumulator satisfies Uint8Array | undefined
