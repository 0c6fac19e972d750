import { expect, test } from 'vitest'
import { decodeNote, encodeNote } from './commit-note.ts'

test.each([
  [{ watermark: 1_700_000_060_000, changelogEnd: 12n }, 'tidemark 1 W=1700000060000 C=12'],
  [{ watermark: -5, changelogEnd: 0n }, 'tidemark 1 W=-5 C=0'],
  [{ watermark: Number.NEGATIVE_INFINITY, changelogEnd: 2n ** 63n - 1n }, 'tidemark 1 W=-inf C=9223372036854775807'],
  [{ watermark: Number.POSITIVE_INFINITY, changelogEnd: 1n }, 'tidemark 1 W=inf C=1'],
])('%o is %s, and back', (note, text) => {
  expect(encodeNote(note)).toBe(text)
  expect(decodeNote(text)).toEqual(note)
})

test.each([
  '',
  'consumed by somebody',
  'tidemark 2 W=1 C=1',
  'tidemark 1 W=1 C=-1',
  'tidemark 1 W=1.5 C=1',
  'tidemark 1 W=1 C=1 ',
])("'%s' is none of ours", (text) => expect(decodeNote(text)).toBeUndefined())
