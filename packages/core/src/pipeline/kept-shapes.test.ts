import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { collected, engineOf, monotonous, pipeline, tumbling } from '../index.ts'

setFlagsFromString('--expose-gc')
setFlagsFromString('--allow-natives-syntax')
const collectGarbage = runInNewContext('gc') as () => void
const hasFields = runInNewContext('(of) => %HasFastProperties(of)') as (of: object) => boolean

/** Puts a job together that nobody keeps; tells whether the object that all records read is no hash table. */
function made(): boolean {
  const { windows } = engineOf(
    pipeline('one of many')
      .from([{ at: 0 }])
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .keyBy(() => 0)
      .window(tumbling('1s'))
      .aggregate((a) => ({ n: a.count() }))
      .to(collected()),
  )
  return windows.every(({ operator }) => hasFields(operator.stage))
}

test('objects of jobs that come after many others are no hash tables', () => {
  const found: boolean[] = []
  for (let job = 0; job < 10; job++) {
    found.push(made())
    // V8 holds on to layouts through some collections.
    for (let i = 0; i < 3; i++) collectGarbage()
  }
  expect(found).toEqual(Array(10).fill(true))
})
