import { described } from '../time/described.ts'
import { type Duration, showMs, toPositiveMs } from '../time/duration.ts'
import type { WindowAssigner } from './assigner.ts'
import type { TimeWindow } from './window.ts'

/**
 * Kafka Streams' record-aligned windows, restated half-open: one window ends right after each record, one starts right
 * after each record (where something falls into it). `size` is the half-open length: Kafka's time difference plus 1 ms.
 * Starts may be negative. Complete when W ≥ end.
 * @example slidingByRecord('30s')
 */
export function slidingByRecord(size: Duration): WindowAssigner<unknown, TimeWindow> {
  const sizeMs = toPositiveMs(size, 'The size of slidingByRecord')
  return described({
    kind: `slidingByRecord(${showMs(sizeMs)})`,
    // The window that ends at the record; which others exist depends on the key's other records.
    assign: (timestamp: number) => [{ start: timestamp + 1 - sizeMs, end: timestamp + 1 }],
    shape: Object.freeze({ type: 'byRecord', sizeMs } as const),
  })
}
