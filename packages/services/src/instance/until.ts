/** Owns waiting for something outside to become true. */
import { setTimeout as pause } from 'node:timers/promises'

export interface Limits {
  readonly timeoutMs: number
  /** Why it can never become true, once that is known. */
  readonly hopeless?: () => string | undefined
}

const everyMs = 50

/** @throws Error with what was waited for, when it is hopeless or takes too long */
export async function until(
  what: string,
  test: () => Promise<boolean>,
  { timeoutMs, hopeless }: Limits,
): Promise<void> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const done = await test()
    // First: what answers when the process has ended is some other program.
    const reason = hopeless?.()
    if (reason !== undefined) throw new Error(`${what}: ${reason}`)
    if (done) return
    if (performance.now() > end) throw new Error(`${what}: still not so after ${timeoutMs / 1000} s`)
    await pause(everyMs)
  }
}
