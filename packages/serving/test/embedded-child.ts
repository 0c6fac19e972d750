/** Another process at an embedded store, for the tests of faults.test.ts: `ROLE PATH`. Says what it was told is durable. */
import { embeddedColdStore, embeddedHotStore } from '../src/embedded/index.ts'

const [role, path] = process.argv.slice(2) as [string, string]
const RESULTS = { name: 'a', windowMs: 1 }
const cellAt = (end: number): Parameters<Awaited<ReturnType<typeof cold>>['put']>[0][number] => ({
  key: Buffer.from('k'),
  start: end - 1,
  end,
  correction: '',
  epoch: 0,
  revision: 0,
  value: new Uint8Array(300),
})
const cells = (i: number): ReturnType<typeof cellAt>[] => Array.from({ length: 10 }, (_, j) => cellAt(10 * i + j))
const cold = (): ReturnType<ReturnType<typeof embeddedColdStore>['open']> => embeddedColdStore({ path }).open(RESULTS)
const say = (i: number | bigint): void => void process.stdout.write(`${i}\n`)

if (role === 'cold') {
  const session = await cold()
  for (;;) {
    const held = await session.register('at')
    const at = Number(Buffer.from(held ?? []).toString() || '0')
    await session.put(cells(at), { watermark: 0 })
    await session.compareAndSet('at', held, Buffer.from(String(at + 1)))
    say(at + 1)
  }
}
if (role === 'hot') {
  const session = await embeddedHotStore({ path, serveFor: '365d' }).open(RESULTS)
  for (;;) {
    const from = (await session.state()).get('0')?.applied.get('p')?.offset
    const to = (from ?? 0n) + 1n
    const move = { partition: 'p', from, to: { offset: to, watermark: 0 } }
    await session.write('0', cells(Number(to)), { watermark: 0, move })
    say(to)
  }
}
if (role === 'count') {
  const session = await cold()
  say(0)
  for (let done = 0; done < 200;) {
    const held = await session.register('count')
    const next = Number(Buffer.from(held ?? []).toString() || '0') + 1
    if (await session.compareAndSet('count', held, Buffer.from(String(next)))) say(++done)
  }
  setInterval(() => {}, 1_000)
}
