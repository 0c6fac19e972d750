/** Waits for what a job does in its own turns: bounded turns of the event loop, never a time. */
const MOST_TURNS = 10_000

export async function until(condition: () => boolean, what: string = 'the condition'): Promise<void> {
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    if (condition()) return
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
  throw new Error(`${what} did not come true within ${MOST_TURNS} turns`)
}

/** Some turns in which a job could do what it must not do. */
export async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++)
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
}
