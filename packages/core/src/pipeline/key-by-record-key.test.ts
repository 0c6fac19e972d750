import { describe, expect, test } from 'vitest'
import { memorySource } from '../io/memory-source.ts'
import { collected } from '../io/memory-sinks.ts'
import type { Key } from '../io/meta.ts'
import type { DeadLetter, Pane } from '../pane/pane.ts'
import { pipeline } from '../runtime/start.ts'
import { boundedOutOfOrderness } from '../time/watermark.ts'
import { tumbling } from '../window/tumbling.ts'

describe.each([true, false])('generated code: %s', (generateCode) => {
  test('windows are of the key that records have at their source; one without a key goes to the policy', async () => {
    const source = memorySource<number>()
    for (const [key, at] of [
      ['a', 1],
      [7, 2],
      ['a', 3],
      [undefined, 4],
      [Uint8Array.of(1), 5],
      [Uint8Array.of(1), 6],
    ] as const)
      source.push([at], key === undefined ? {} : { key })
    source.finish()
    const results = collected<Pane<Key, number>>()
    const letters = collected<DeadLetter>()
    await pipeline('by-record-key')
      .from(source)
      .eventTime({ timestamp: (at) => at, watermark: boundedOutOfOrderness('1s') })
      .keyByRecordKey({ onError: { deadLetterTo: letters } })
      .window(tumbling('1m'))
      .count()
      .to(results)
      .start({ generateCode }).done
    expect(results.items.map((pane) => [pane.key, 'value' in pane ? pane.value : pane.kind])).toEqual([
      ['a', 2],
      [7, 1],
      [Uint8Array.of(1), 2],
    ])
    expect(letters.items).toMatchObject([{ value: 4, code: 'NO_RECORD_KEY', stage: 'keyBy' }])
  })
})

test('the plan says so, and wants event time before it', () => {
  const stream = pipeline('p').from(memorySource<number>())
  expect(() => (stream as unknown as { keyByRecordKey(): void }).keyByRecordKey()).toThrow(
    /eventTime before keyByRecordKey/,
  )
  const built = stream
    .eventTime({ timestamp: (at) => at, watermark: boundedOutOfOrderness('1s') })
    .keyByRecordKey<string>()
    .window(tumbling('1m'))
    .count()
    .to(collected<Pane<string, number>>())
  expect(built.describe()).toContain('keyByRecordKey')
})
