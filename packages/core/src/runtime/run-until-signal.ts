/** Owns running a job as a process: until it completes or the operating system asks it to end. */
import type { Duration } from '../time/duration.ts'
import type { Job } from '../pipeline/job.ts'

/** What is used of Node's `process` (Deno and Bun have one as well). */
export interface SignalHost {
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}

/**
 * Resolves when the job has ended. The first SIGTERM or SIGINT stops it (what is in flight is finished, at most until
 * the deadline), the second gives up at once. Rejects when the job failed.
 */
export async function runUntilSignal(
  job: Job<unknown>,
  options: { readonly deadline?: Duration; readonly host?: SignalHost } = {},
): Promise<void> {
  const host = options.host ?? (globalThis as { readonly process?: SignalHost })['process']
  let asked = 0
  const onSignal = (): void => {
    asked++
    void job.stop({ deadline: asked === 1 ? (options.deadline ?? '30s') : '0s' }).catch(() => {})
  }
  for (const name of ['SIGTERM', 'SIGINT']) host?.on(name, onSignal)
  try {
    await job.done
  } finally {
    for (const name of ['SIGTERM', 'SIGINT']) host?.off(name, onSignal)
  }
}
