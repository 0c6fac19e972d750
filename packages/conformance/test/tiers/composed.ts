/**
 * Owns the pipeline and the tiers of the tests on real services, composed alike by every process: the one that runs the
 * job, the one that fills the tiers, and whoever reads.
 */
import { createClient } from '@redis/client'
import { type Pane, type Pipeline, boundedOutOfOrderness, pipeline, tumbling } from '@tidemark/core'
import { hbaseStore } from '@tidemark/hbase'
import { json, kafka, kafkaResults, kafkaSink, kafkaSource } from '@tidemark/kafka'
import { redisStore } from '@tidemark/redis'
import { type Tiers, servingTiers } from '@tidemark/serving'
import { earlyAndLate } from '@tidemark/triggers'

/** Where everything is; passed between processes as JSON. */
export interface Places {
  readonly brokers: readonly string[]
  readonly input: string
  readonly results: string
  readonly redisPort: number
  /** `host:port` of a framed gateway. */
  readonly gateway: string
  readonly table: string
}

export interface View {
  readonly page: string
  readonly at: number
  readonly ms: number
}

export interface Stats {
  readonly views: number
  readonly ms: number
  readonly different: number
}

type Window = { readonly start: number; readonly end: number }

/** Windows of a minute, two minutes of lateness; what is later than that becomes a correction. */
export const WINDOW_MS = 60_000
export const LATENESS_MS = 120_000
export const OUT_OF_ORDER_MS = 5_000
export const SERVE_FOR_MS = 600_000

export function pageStats({ brokers, input, results }: Places): Pipeline<Pane<string, Stats>, View> {
  const cluster = kafka({ brokers: [...brokers] })
  return pipeline('page-stats')
    .from(
      kafkaSource({
        kafka: cluster,
        topics: [input],
        group: results,
        value: json.pick({ page: 'string', at: 'number', ms: 'number' }),
        // A process that was killed comes back under its name: nobody waits for its session to end.
        member: { instance: 'job' },
        patience: '2m',
      }),
    )
    .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('5s') })
    .keyBy((view) => view.page, { keepsPartition: true })
    .window(tumbling('1m'), { allowedLateness: '2m', trigger: earlyAndLate({ earlyCount: 5 }) })
    .aggregate((a) => ({ views: a.count(), ms: a.sum((view) => view.ms), different: a.distinct((view) => view.ms) }))
    .to(
      kafkaSink({
        kafka: cluster,
        topic: results,
        accumulators: true,
        guarantee: 'exactly-once',
        commit: { changelog: `${results}-changelog` },
        patience: '2m',
      }),
    )
}

export interface OpenTiers extends AsyncDisposable {
  readonly tiers: Tiers<string, Stats, Window>
}

export async function openTiers(places: Places): Promise<OpenTiers> {
  const { brokers, results, redisPort, gateway, table } = places
  const client = createClient({ socket: { host: '127.0.0.1', port: redisPort }, disableOfflineQueue: true })
  client.on('error', () => {})
  await client.connect()
  const tiers = servingTiers({
    results: pageStats(places),
    log: kafkaResults({ kafka: kafka({ brokers: [...brokers] }), topic: results, patience: '2m' }),
    hot: redisStore({ client, serveFor: '10m', patience: '1m' }),
    cold: hbaseStore({ thrift: `tcp://${gateway}`, table, patience: '2m', timeout: '20s', warn: () => {} }),
    lease: '1s',
    longestQuery: '2s',
    tick: '200ms',
  })
  return {
    tiers,
    [Symbol.asyncDispose]: async () => {
      await tiers.close()
      client.destroy()
    },
  }
}
