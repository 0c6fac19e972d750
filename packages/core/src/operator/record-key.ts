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
