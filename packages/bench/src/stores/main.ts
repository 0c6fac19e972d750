/**
 * `npm run bench:stores -- [--runs N] [--stores redis,hbase,embedded]`: what a window costs in real stores of this
 * machine, beside blind commands of the same client, and in a folder, beside another library. Each has a process of its
 * own, which is in the `bench` folder of its package.
 */
import { spawnSync } from 'node:child_process'
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startHBase, startRedis } from '@tidemark/services'
import { spread } from '../spread.ts'

interface Figure {
  readonly row: string
  readonly measure: string
  readonly value: number
}

/** What is to be reached, by store, row and measure; a row without a name is every row. */
const TARGETS: readonly (readonly [store: string, row: string, measure: string, target: string])[] = [
  ['redis', '', 'client CPU, ours, µs/window', '≤ 10'],
  ['redis', '', 'bytes/window', '≤ 90'],
  ['redis', 'read 14 days of a key', 'ours beside blind', '≤ 1.5'],
  ['redis', '', 'ours beside blind', '≥ 0.4'],
  ['hbase', 'read 14 days of a key', 'ours beside blind', '≤ 1.5'],
  ['hbase', '', 'ours beside blind', '≥ 0.9'],
  ['hbase', '', 'µs/put', '≤ 1'],
]

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, stores: { type: 'string', default: 'redis,hbase' } },
})

function figures(file: string, ...args: readonly string[]): readonly Figure[] {
  const path = fileURLToPath(new URL(`../../../${file}`, import.meta.url))
  const child = spawnSync(process.execPath, ['--conditions=@tidemark/source', path, ...args], {
    encoding: 'utf8',
    timeout: 900_000,
  })
  if (child.status !== 0) throw new Error(`${file} ended with ${child.status}: ${child.stderr}`)
  return child.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Figure)
}

async function ofRedis(): Promise<readonly Figure[]> {
  await using redis = await startRedis()
  return figures('redis/bench/stores.ts', String(redis.nodes[0]?.port), values.runs)
}

async function ofHBase(): Promise<readonly Figure[]> {
  await using hbase = await startHBase()
  const encoded = Array.from({ length: Number(values.runs) }, () => figures('hbase/bench/encode.ts'))
  return [...figures('hbase/bench/stores.ts', `tcp://${hbase.framed}`, values.runs), ...encoded.flat()]
}

function print(store: string, found: readonly Figure[]): void {
  const places = new Map<string, number[]>()
  for (const { row, measure, value } of found) {
    const place = `${row} | ${measure}`
    places.set(place, [...(places.get(place) ?? []), value])
  }
  console.log(`\n${store}, load ${loadavg()[0]?.toFixed(1)}`)
  console.log('| what | measure | median (lowest–highest) | target |\n| --- | --- | --- | --- |')
  for (const [place, numbers] of places) {
    const [row, measure] = place.split(' | ')
    const target = TARGETS.find(([s, r, m]) => s === store && (r === '' || r === row) && m === measure)?.[3] ?? ''
    console.log(`| ${place} | ${spread(numbers, Math.max(...numbers) < 100 ? 2 : 0)} | ${target} |`)
  }
}

for (const store of values.stores.split(',')) {
  if (store === 'redis') print(store, await ofRedis())
  else if (store === 'hbase') print(store, await ofHBase())
  else if (store === 'embedded') print(store, figures('serving/bench/embedded.ts', values.runs))
  else throw new Error(`--stores: found '${store}', expected redis, hbase or embedded`)
}
