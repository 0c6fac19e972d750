/** Owns whether tests of a service can run here: skipped when it cannot be had, which is said loudly. */
import { installHBase } from '../hbase/start-hbase.ts'
import type { Kind } from '../instance/instance.ts'
import { type KafkaVersion, installKafka } from '../kafka/start-kafka.ts'
import { ServiceUnavailable } from '../machine/unavailable.ts'
import { installRedis } from '../redis/start-redis.ts'
import { addSkip, skips } from './skips.ts'

/**
 * Installs what the service runs on, if need be. When that cannot be had here, says so and answers false; the caller
 * then skips its tests: `describe.skipIf(!(await canTest('kafka')))`. A service that is there and does not start is
 * a failure, not a reason to skip. With `TIDEMARK_SERVICES=required` nothing is skipped.
 */
export async function canTest(service: Kind, version?: KafkaVersion): Promise<boolean> {
  const title = `all tests of ${version === undefined ? service : `${service} ${version}`}`
  // Another file has tried in vain in this run: what takes minutes to fail is not tried again.
  if (skips().some((line) => line.startsWith(`SKIPPED: ${title}.`))) return false
  try {
    if (service === 'kafka') await installKafka(version)
    else if (service === 'redis') await installRedis()
    else await installHBase()
    return true
  } catch (error) {
    if (!(error instanceof ServiceUnavailable) || process.env['TIDEMARK_SERVICES'] === 'required') throw error
    addSkip(`SKIPPED: ${title}. ${error.message}`)
    return false
  }
}
