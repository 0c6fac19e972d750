/**
 * Owns a service that the command line started: this process stays, so that the service has an owner to end with.
 * It tells its parent how far it is, until the service is ready; from then on only SIGTERM, or the end of all
 * processes of the service, ends it.
 */
import { startHBase } from '../hbase/start-hbase.ts'
import { startKafka } from '../kafka/start-kafka.ts'
import { ServiceUnavailable } from '../machine/unavailable.ts'
import { startRedis } from '../redis/start-redis.ts'
import type { Start } from './options.ts'

/** What the host tells. `error` and `ready` are the last word. */
export type HostMessage =
  { readonly say: string } | { readonly ready: true } | { readonly error: string; readonly unavailable: boolean }

const start = JSON.parse(process.argv[2] ?? '') as Start

function tell(message: HostMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, () => resolve())
    else resolve()
  })
}

function launch(): Promise<{ readonly stop: () => Promise<void> }> {
  const common = { kept: true, say: (line: string) => void tell({ say: line }) }
  switch (start.kind) {
    case 'kafka':
      return startKafka({ ...start.options, ...common })
    case 'redis':
      return startRedis({ ...start.options, ...common })
    case 'hbase':
      return startHBase({ ...start.options, ...common })
  }
}

// Whoever waited for the start has gone: so nobody knows of it, and it goes too.
const abandon = (): never => process.exit(1)
process.once('disconnect', abandon)
try {
  const service = await launch()
  process.on('SIGTERM', () => void service.stop().then(() => process.exit(0)))
  process.off('disconnect', abandon)
  await tell({ ready: true })
  if (process.connected) process.disconnect()
} catch (error) {
  process.off('disconnect', abandon)
  const problem = error instanceof Error ? error.message : String(error)
  await tell({ error: problem, unavailable: error instanceof ServiceUnavailable })
  process.exit(1)
}
