/** Owns the key that a record has at its source, as the key of windows. */
import { recordError } from '../errors/stream-error.ts'
import type { Key, TimedMeta } from '../io/meta.ts'

/**
 * What `keyByRecordKey` keys by.
 * @throws StreamError NO_RECORD_KEY (a record error) for a record that has none
 */
export function recordKey(_value: unknown, meta: Pick<TimedMeta, 'key'>): Key {
  const { key } = meta
  if (key !== undefined) return key
  throw recordError('NO_RECORD_KEY', 'keyByRecordKey', {
    saw: 'a record without a key',
    expected: 'a key that the source gives, as the record key of Kafka',
    remedy: 'Use keyBy with a function of the value, or drop such records in a filter before.',
  })
}

/**
 * A key function that may only give keys of its task: where splits are shared out, another process would make results of
 * the same key. What a record is keyed by at its source needs no check.
 * @throws StreamError MOVES_PARTITION (a record error) from the function, for another key
 */
export function ownKey<F extends (value: never, meta: never) => unknown>(fn: F, owns: (key: Key) => boolean): F {
  if ((fn as unknown) === recordKey) return fn
  const checked = (key: unknown): unknown => {
    if (owns(key as Key)) return key
    throw recordError('MOVES_PARTITION', 'The key of a record', {
      found: key,
      expected: 'a key that its partition has',
      remedy:
        'Records of that key come in another partition too, or no producer partitions by it: write the records to a topic by this key first, and read that.',
    })
  }
  // What a function declares decides what it is given.
  const owned =
    fn.length >= 2
      ? (value: never, meta: never) => checked(fn(value, meta))
      : (value: never) => checked((fn as unknown as (value: never) => unknown)(value))
  return owned as unknown as F
}
