/** Owns random histories of a sink: writers, what was written again, flushes, and writers in the place of others. */
import * as fc from 'fast-check'
import { minute } from './sink-checks.ts'
import type { PaneAt, SinkStage, Writing } from './sink-stage.ts'

/** A step of a history: writers write, also what was written before, flush, and are closed with others in their place. */
type SinkStep =
  | { readonly kind: 'write'; readonly writer: number; readonly panes: readonly PaneAt[] }
  | { readonly kind: 'again'; readonly writer: number; readonly step: number }
  | { readonly kind: 'flush' | 'restart'; readonly writer: number }

/** Of durable jobs, or of runs that make their results anew. */
interface SinkHistory {
  readonly durable: boolean
  readonly steps: readonly SinkStep[]
}

export function sinkHistories(): fc.Arbitrary<SinkHistory> {
  const writer = fc.nat(1)
  const pane = fc.record({
    key: fc.constantFrom('a', 'b', ''),
    window: fc.integer({ min: -2, max: 2 }).map(minute),
    kind: fc.constantFrom('value' as const, 'value' as const, 'value' as const, 'retraction' as const),
    index: fc.nat(12),
  })
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('write' as const), writer, panes: fc.array(pane, { maxLength: 12 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('again' as const), writer, step: fc.nat(20) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'restart' as const), writer }) },
  )
  return fc.record({ durable: fc.boolean(), steps: fc.array(step, { minLength: 1, maxLength: 20 }) })
}

export async function playSink(on: SinkStage, { durable, steps }: SinkHistory): Promise<void> {
  const open = (): Promise<Writing> => on.open(durable || on.bench.durableOnly === true)
  // One at a time in a transaction.
  const writers: Writing[] = [await open()]
  if (on.transactions === undefined) writers.push(await open())
  const batches = steps.flatMap((step) => (step.kind === 'write' ? [step.panes] : []))
  for (const step of steps) {
    const i = step.writer % writers.length
    const writing = writers[i] as Writing
    if (step.kind === 'write') await writing.write(...step.panes)
    else if (step.kind === 'again') await writing.write(...(batches[step.step % batches.length] ?? []))
    else {
      await writing.flush()
      if (step.kind === 'flush') continue
      await writing.close()
      writers[i] = await open()
    }
  }
  for (const writing of writers) await writing.flush()
  await on.stands('at the end')
}
