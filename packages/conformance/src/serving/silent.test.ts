// A store that does not answer is told of in bounded time, nothing is lost by it, and all goes on when it answers.
import {
  boundedOutOfOrderness,
  memoryColdStore,
  memoryHotStore,
  memoryLog,
  memorySource,
  pipeline,
  tumbling,
} from '@tidemark/core'
import { servingTiers } from '@tidemark/serving'
import { virtualClock } from '@tidemark/testing'
import { expect, test } from 'vitest'

const MINUTE_MS = 60_000

type Calls = Readonly<Record<string, unknown>>

/** Calls of these names wait while the gate is shut. */
function gated<S extends object>(session: S, names: readonly (keyof S & string)[], gate: { shut?: Promise<void> }): S {
  const held = names.map((name) => {
    const call = (session as Calls)[name] as (...args: readonly unknown[]) => unknown
    const waits = async (...args: readonly unknown[]): Promise<unknown> => {
      await gate.shut
      return call(...args)
    }
    return [name, waits] as const
  })
  return { ...session, ...Object.fromEntries(held) }
}

/** Ten minutes that are as they should be, ten in which a store is silent, and ten after that: a record every ten seconds. */
async function halfAnHour(silent: {
  readonly hot?: readonly ['write']
  readonly cold?: readonly ('put' | 'register')[]
}) {
  const clock = virtualClock()
  const gate: { shut?: Promise<void> } = {}
  const [log, source] = [memoryLog({ clock }), memorySource<number>()]
  const [hot, cold] = [memoryHotStore({ serveForMs: 5 * MINUTE_MS, clock }), memoryColdStore()]
  const results = pipeline('counts')
    .from(source)
    .eventTime({ timestamp: (at) => at, watermark: boundedOutOfOrderness('1s') })
    .keyBy(() => 'all')
    .window(tumbling('10s'))
    .count()
    .to(log.sink)
  const job = results.start()
  const tiers = servingTiers({
    results,
    log,
    hot: { ...hot, open: async (of) => gated(await hot.open(of), silent.hot ?? [], gate) },
    cold: { ...cold, open: async (of) => gated(await cold.open(of), silent.cold ?? [], gate) },
    clock,
  })
  const alarms: { readonly at: number; readonly code: string; readonly message: string }[] = []
  tiers.on('alarm', (alarm) => alarms.push({ at: clock.now(), ...alarm }))
  const stop = new AbortController()
  const running = tiers.run({ signal: stop.signal })
  const health = async (): Promise<Awaited<ReturnType<typeof tiers.health>>> => {
    let found: Awaited<ReturnType<typeof tiers.health>> | undefined
    void tiers.health().then((answer) => (found = answer))
    for (const since = clock.now(); found === undefined && clock.now() - since < MINUTE_MS; clock.advance(100))
      await turns()
    return found ?? expect.fail('health() did not answer within a minute')
  }
  let next = 0
  const until = async (end: number): Promise<void> => {
    for (; clock.now() < end; clock.advance(1_000)) {
      if (clock.now() >= next) {
        source.push([next])
        next += 10_000
      }
      await turns()
    }
  }
  const read = () => tiers.read({ key: 'all', from: 0, to: clock.now() - 20_000 })

  await until(10 * MINUTE_MS)
  expect(await health()).toMatchObject({ state: 'ok', reasons: [] })
  expect(alarms).toEqual([])
  let open = (): void => {}
  gate.shut = new Promise((resolve) => (open = resolve))
  await until(15 * MINUTE_MS)
  await health()
  await until(20 * MINUTE_MS)
  const during = { alarms: alarms.splice(0), health: await health() }
  delete gate.shut
  open()
  await until(21 * MINUTE_MS)
  alarms.length = 0
  await until(30 * MINUTE_MS)
  const after = { alarms, health: await health(), rows: await read() }
  stop.abort()
  source.finish()
  await Promise.all([running, job.done])
  await tiers.close()
  return { during, after }
}

async function turns(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}

test.each([
  ['cold that does not answer a write', { cold: ['put'] }, /Writing 1 results to cold/, /cold has stood still/],
  [
    'cold that does not answer at all',
    { cold: ['put', 'register'] },
    /A look at both tiers/,
    /cold cannot be read.*no answer/,
  ],
  ['hot that does not answer a write', { hot: ['write'] }, /Writing partition .* to hot/, /hot has stood still/],
] as const)('%s: an alarm within a minute, and nothing is lost', async (_, silent, says, because) => {
  const { during, after } = await halfAnHour(silent)
  const alarm = during.alarms.find(({ message }) => says.test(message))
  expect(alarm?.code).toBe('STORE_SILENT')
  expect((alarm?.at ?? 0) - 10 * MINUTE_MS).toBeLessThanOrEqual(MINUTE_MS)
  expect(during.health.state).toBe('degraded')
  expect(during.health.reasons.join()).toMatch(because)
  expect(after.alarms).toEqual([])
  expect(after.health).toMatchObject({ state: 'ok', reasons: [] })
  expect(after.health.boundary).toBeGreaterThan(20 * MINUTE_MS)
  expect(after.rows.map(({ window, value }) => [window.start, value])).toEqual(
    Array.from({ length: after.rows.length }, (__, i) => [10_000 * i, 1]),
  )
  expect(after.rows.length).toBeGreaterThan(170)
})
