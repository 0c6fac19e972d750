/** Owns the results log in memory on the clock of the system: reads that wait need one. */
import { type MemoryLog, type MemoryLogOptions, memoryLogOn } from '../io/memory-log.ts'
import { systemClock } from '../time/system-clock.ts'

/**
 * A results log in memory, which pipelines write to through `log.sink` and serving tiers are filled from. It is gone with
 * the process.
 * @throws StreamError BAD_LOG for options that are no whole numbers of at least 1
 * @example
 * const log = memoryLog({ partitions: 4 })
 * pageStats.to(log.sink)
 */
export function memoryLog(options: MemoryLogOptions = {}): MemoryLog {
  const { clock = systemClock } = options
  // A clock without timers is followed with those of the system, as everywhere.
  const by = clock.wakeAt === undefined ? systemClock : clock
  return memoryLogOn((ms, wake) => by.wakeAt?.(by.now() + ms, wake) ?? (() => {}), options)
}
