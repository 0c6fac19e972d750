// What the sink promises, wherever Redis is.
import {
  type Cell,
  type CheckpointStore,
  type Pane,
  type Sink,
  arrivalClock,
  boundedOutOfOrderness,
  collected,
  decodeKey,
  decodeStoredResult,
  memoryCheckpoints,
  monotonous,
  pipeline,
  policy,
  replay,
  session,
  tumbling,
} from '@tidemark/core'
import { describe, expect, test } from 'vitest'
import { type RedisOptions, type RedisSinkOptions, redisSink, redisStore } from '../src/index.ts'

const NOON = Date.UTC(2026, 5, 1, 12)
const MINUTE = 60_000
/** Minutes and seconds after 12:00. */
const at = (text: string): number => {
  const [minutes, seconds] = text.split(':').map(Number) as [number, number]
  return NOON + MINUTE * minutes + 1_000 * seconds
}

const PER_RECORD = policy({
  kind: 'perRecord',
  fastPath: { early: 'perRecord', completion: false, late: 'perRecord' },
})

/** Nine scores whose sessions grow into each other. */
const scores = (sink: Sink<Pane<string, number>>, checkpoint?: CheckpointStore): Promise<unknown> =>
  pipeline('scores')
    .from(
      replay(
        [
          [5, '00:26', '05:19'],
          [7, '02:26', '05:39'],
          [3, '03:39', '06:13'],
          [4, '04:19', '06:46'],
          [3, '06:39', '07:19'],
          [8, '03:06', '07:33'],
          [8, '07:26', '08:13'],
          [9, '01:26', '08:19'],
          [1, '07:46', '09:00'],
        ].map(([points, when, seen]) => ({ points: Number(points), at: at(String(when)), seen: at(String(seen)) })),
        { arrivedAt: (record) => record.seen },
      ),
    )
    .eventTime({ timestamp: (record) => record.at, watermark: boundedOutOfOrderness('1h') })
    .keyBy(() => 'team')
    .window(session('1m'), { trigger: PER_RECORD, allowedLateness: '1h' })
    .sum((record) => record.points)
    .to(sink)
    .start({ clock: arrivalClock(), ...(checkpoint === undefined ? {} : { checkpoint }) }).done

/** A record every ten seconds, three keys in turn, into minutes. */
const minutes = (count: number, trigger?: typeof PER_RECORD) =>
  pipeline('minutes')
    .from(Array.from({ length: count }, (_, i) => ({ key: `k${i % 3}`, at: 10_000 * i })))
    .eventTime({ timestamp: (record) => record.at, watermark: monotonous() })
    .keyBy((record) => record.key)
    .window(tumbling('1m'), trigger === undefined ? {} : { trigger })
    .count()

export function directContract(where: () => RedisOptions, fresh: (name: string) => string): void {
  const sinkOf = (name: string, more: Partial<RedisSinkOptions<number>> = {}): Sink<Pane<string, number>> =>
    redisSink<string, number>({ ...where(), keepFor: '100d', name, ...more })
  const cellsOf = async (name: string, windowMs = MINUTE): Promise<readonly Cell[]> => {
    const stored = await redisStore({ ...where(), serveFor: '1h' }).open({ name, windowMs })
    const cells: Cell[] = []
    for await (const part of stored.slice(-MINUTE, NOON + 60 * MINUTE)) cells.push(...part)
    return cells
  }
  const shown = (cells: readonly Cell[]): readonly (readonly unknown[])[] =>
    cells
      .flatMap(({ key, start, end, epoch, value }) =>
        value === null
          ? []
          : [[decodeKey(key), Number(String(Buffer.from(decodeStoredResult(value).body))), start, end, epoch] as const],
      )
      .sort((a, b) => a[2] - b[2] || (String(a[0]) < String(b[0]) ? -1 : 1))

  describe('a pipeline straight into Redis', () => {
    const runs: readonly (readonly [string, () => CheckpointStore | undefined, number, number])[] = [
      ['with a checkpoint', () => memoryCheckpoints(), 0, 0],
      ['without, in an epoch of its own', () => undefined, 1, 2],
    ]
    test.each(runs)(
      'sessions that grew into each other leave 36 and 12, %s',
      async (_, checkpoint, firstEpoch, secondEpoch) => {
        const name = fresh('scores')
        const standing = (epoch: number): readonly unknown[] => [
          ['team', 36, at('00:26'), at('05:19'), epoch],
          ['team', 12, at('06:39'), at('08:46'), epoch],
        ]
        await scores(sinkOf(name), checkpoint())
        const cells = await cellsOf(name)
        expect(shown(cells)).toEqual(standing(firstEpoch))
        // Seven sessions were published and withdrawn; they stay as withdrawn, so that nothing older comes back.
        expect(cells.filter(({ value }) => value === null)).toHaveLength(7)
        await scores(sinkOf(name), checkpoint())
        expect(shown(await cellsOf(name))).toEqual(standing(secondEpoch))
      },
    )

    test.each([
      ['watermark only', undefined, [0, 0, 0]],
      // Values 1 and 2 of a window, as panes 0 and 1.
      ['a pane per record', PER_RECORD, [2, 2, 2]],
    ] as const)('every policy leaves the newest of each window: %s', async (_, trigger, revisions) => {
      const name = fresh('minutes')
      await minutes(6, trigger)
        .to(sinkOf(name, { windowSize: '1m' }))
        .start().done
      const cells = await cellsOf(name)
      expect(shown(cells)).toEqual(['k0', 'k1', 'k2'].map((key) => [key, 2, 0, MINUTE, 1]))
      expect(cells.map(({ revision }) => revision)).toEqual(revisions)
    })

    test('what a run without a checkpoint makes anew replaces more revisions of the run before', async () => {
      const name = fresh('anew')
      await minutes(6, PER_RECORD).to(sinkOf(name)).start().done
      await minutes(3).to(sinkOf(name)).start().done
      expect(shown(await cellsOf(name))).toEqual(['k0', 'k1', 'k2'].map((key) => [key, 1, 0, MINUTE, 2]))
    })

    test('a job with a checkpoint is refused where epochs were taken, which it could not replace', async () => {
      const name = fresh('mixed')
      await minutes(6)
        .to(collected())
        .to(sinkOf(name), { role: 'bestEffort' })
        .start({ checkpoint: memoryCheckpoints() }).done
      expect(shown(await cellsOf(name))[0]).toEqual(['k0', 2, 0, MINUTE, 1])
      await expect(minutes(6).to(sinkOf(name)).start({ checkpoint: memoryCheckpoints() }).done).rejects.toMatchObject({
        code: 'REDIS_EPOCH',
        message: expect.stringContaining('epoch 1'),
      })
    })

    test('results of tiers are refused: their windows go when they are evicted', async () => {
      const name = fresh('tiers')
      const tiers = await redisStore({ ...where(), serveFor: '1h' }).open({ name, windowMs: MINUTE })
      await tiers.evict(MINUTE)
      const refused = { code: 'REDIS_TIERS', message: expect.stringContaining(name) }
      await expect(minutes(6).to(sinkOf(name)).start().done).rejects.toMatchObject(refused)
    })

    test('results for windows of another size are refused, by writers and by readers', async () => {
      const name = fresh('sizes')
      await minutes(6).to(sinkOf(name)).start().done
      const refused = { code: 'REDIS_OTHER_WINDOWS', message: expect.stringContaining('60000 ms') }
      await expect(
        minutes(6)
          .to(sinkOf(name, { windowSize: '2m' }))
          .start().done,
      ).rejects.toMatchObject(refused)
      await expect(cellsOf(name, 2 * MINUTE)).rejects.toMatchObject(refused)
    })
  })
}
