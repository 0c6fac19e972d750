// Silence of a split counts by what the source says of it, where the source says anything.
import { type Batch, type Source, boundedOutOfOrderness, collected, pipeline, tumbling } from '@tidemark/core'
import { virtualClock } from '@tidemark/testing'
import { expect, test } from 'vitest'

/** Split 'busy' always has a record at hand; 'quiet' had one, and says of itself what it is told to. */
function busyAndQuiet(
  caughtUp: ((split: string) => boolean) | undefined,
  eachPoll: (n: number) => void,
): Source<number> {
  return {
    kind: 'test',
    seekable: false,
    open: async () => {
      let n = 0
      return {
        splits: ['busy', 'quiet'],
        poll: (): Batch<number> => {
          eachPoll(n)
          const split = n === 0 ? 'quiet' : 'busy'
          const finished = n === 200
          const batch = { split, records: [n * 1_000], first: BigInt(n), next: BigInt(n + 1), finished }
          n++
          return batch
        },
        pause: () => {},
        resume: () => {},
        ...(caughtUp === undefined ? {} : { caughtUp }),
        committed: async () => {},
        close: async () => {},
      }
    },
  }
}

test.each([
  ['which says that it has caught up', (split: string) => split === 'quiet', 'idle'],
  ['which says that it has not', () => false, 'active'],
  ['which says nothing', undefined, 'active'],
] as const)('a quiet split beside a busy one, %s, is %s', async (_, caughtUp, state) => {
  const clock = virtualClock()
  const states = new Map<string, string>()
  const job = pipeline('silence')
    .from(
      busyAndQuiet(caughtUp, (n) => {
        clock.advance(1_000)
        if (n === 200) void job.drain()
      }),
    )
    .eventTime({ timestamp: (at) => at, watermark: boundedOutOfOrderness('0s'), idleAfter: '10s' })
    .keyBy(() => 'all')
    .window(tumbling('1m'))
    .count()
    .to(collected())
    .start({ clock })
  job.on('split', ({ split, state: now }) => states.set(split, now))
  await job.done
  expect(states.get('quiet')).toBe(state)
})
