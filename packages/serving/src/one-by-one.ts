/** Owns handing out batches item by item: only the next batch is waited for, an item is there at once. */

export function oneByOne<T>(batches: AsyncGenerator<readonly T[], void>): AsyncIterableIterator<T> {
  let batch: readonly T[] = []
  let at = 0
  let asked: Promise<unknown> = Promise.resolve()
  let waiting = 0
  const pull = async (): Promise<IteratorResult<T, undefined>> => {
    while (at >= batch.length) {
      const next = await batches.next()
      if (next.done === true) return { done: true, value: undefined }
      batch = next.value
      at = 0
    }
    return { done: false, value: batch[at++] as T }
  }
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next() {
      if (waiting === 0 && at < batch.length) return Promise.resolve({ done: false, value: batch[at++] as T })
      // Whoever asks several times at once is answered in that order.
      waiting++
      const answer = asked.then(pull).finally(() => waiting--)
      asked = answer.catch(() => {})
      return answer
    },
    async return() {
      batch = []
      await batches.return()
      return { done: true, value: undefined }
    },
  }
}
