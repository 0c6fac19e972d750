// A process of an exactly-once job in a group: counts per page and second, state and all. It may be killed, stopped and
// sent away at any moment. Arguments: brokers, input, output, group, session, name, and for how many ms it is not to let go of
// its thread after some commits; a name that begins with `static` outlives restarts. It says at each commit which splits it has, and why it ends.
import { type Duration, boundedOutOfOrderness, pipeline, tumbling } from '@tidemark/core'
import { json, kafka, kafkaSink, kafkaSource } from '../src/index.ts'

const [brokers = '', input = '', output = '', group = '', session = '', name = '', holdMs = ''] = process.argv.slice(2)
const cluster = kafka({ brokers: brokers.split(',') })
const sessionTimeout = session as Duration
const member = { sessionTimeout, heartbeat: '200ms', rebalanceTimeout: '10s' } as const
let commits = 0
/** What a user's function may do. */
function hold(): void {
  if (holdMs === '' || commits !== 3) return
  commits++
  console.log('holds its thread')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(holdMs))
}
const timestamp = ({ at }: { readonly at: number }): number => {
  hold()
  return at
}
const job = pipeline(group)
  .from(
    kafkaSource({
      kafka: cluster,
      topics: [input],
      group,
      value: json<{ readonly at: number }>(),
      member: name.startsWith('static') ? { ...member, instance: name } : member,
    }),
  )
  .eventTime({ timestamp, watermark: boundedOutOfOrderness('100ms') })
  .keyByRecordKey<string>()
  .window(tumbling('1s'))
  .count()
  .to(
    kafkaSink({
      kafka: cluster,
      topic: output,
      guarantee: 'exactly-once',
      commit: { every: '50ms', timeout: '5s' },
    }),
  )
  .start({ batchSize: 50 })
job.on('checkpoint', () => {
  commits++
  console.log(`committed ${[...job.health().splits.keys()].join(' ')}`)
})
process.on('SIGTERM', () => void job.drain())
try {
  await job.done
  process.exit(0)
} catch (error) {
  console.log(`gave up: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(3)
}
