/** Owns doing a bounded number of things at a time. */

/** Runs steps from the list as they come, so many at a time; after the first failure no new one begins. */
export async function inParallel<T>(steps: Iterable<() => Promise<T>>, most: number): Promise<T[]> {
  const results: T[] = []
  const iterator = steps[Symbol.iterator]()
  let failed: { readonly error: unknown } | undefined
  let count = 0
  const work = async (): Promise<void> => {
    while (failed === undefined) {
      // Making a step may fail as well.
      try {
        const next = iterator.next()
        if (next.done === true) return
        const index = count++
        results[index] = await next.value()
      } catch (error) {
        failed ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: most }, work))
  // What was on its way has ended: nothing goes on behind the caller's back.
  if (failed !== undefined) throw failed.error
  return results
}

/** The parts of several streams as they come, so many streams at a time, each one part ahead. */
export async function* merged<T>(streams: Iterable<AsyncIterator<T>>, most: number): AsyncGenerator<T, void> {
  const waiting = streams[Symbol.iterator]()
  const active = new Map<AsyncIterator<T>, Promise<readonly [AsyncIterator<T>, IteratorResult<T>]>>()
  const ask = (stream: AsyncIterator<T>): void => {
    active.set(
      stream,
      stream.next().then((step) => [stream, step] as const),
    )
  }
  const fill = (): void => {
    while (active.size < most) {
      const next = waiting.next()
      if (next.done === true) return
      ask(next.value)
    }
  }
  try {
    for (fill(); active.size > 0; fill()) {
      const [stream, step] = await Promise.race(active.values())
      active.delete(stream)
      if (step.done === true) continue
      ask(stream)
      yield step.value
    }
  } finally {
    // Whoever stops reading, or failed, waits for nobody.
    for (const [stream, pending] of active) {
      pending.catch(() => {})
      void stream.return?.().catch(() => {})
    }
  }
}
