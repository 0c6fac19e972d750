/**
 * Owns what is asked of an archive and the topic behind it, wherever both are: read as one, every record is there once, up
 * to the one where they meet and from it on; and results made of both go beside those that are served.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import {
  type ColdStore,
  type Pane,
  type Position,
  type Results,
  type Source,
  boundedOutOfOrderness,
  collected,
  followedBy,
  memoryHotStore,
  pipeline,
  punctuated,
  systemClock,
  tumbling,
} from '@tidemark/core'
import type { HBaseRow } from '@tidemark/hbase'
import {
  type Kafka,
  type ReplaySink,
  json,
  kafkaRecords,
  kafkaResults,
  kafkaSink,
  kafkaSource,
  partitionOf,
  resultRecords,
} from '@tidemark/kafka'
import { servingTiers } from '@tidemark/serving'
import { expect, test } from 'vitest'

export interface ArchiveStage {
  readonly kafka: Kafka
  /** A new topic. */
  readonly topic: (partitions: number) => Promise<string>
  readonly cold: ColdStore
  /** Keeps counts of minutes, all of them. */
  readonly keep: (counts: Results<string, number>) => Promise<void>
  /** What it keeps of windows that end up to a time, in no order of it. */
  readonly scan: (to: number) => Source<HBaseRow<string, number>>
}

interface View {
  readonly page: string
  readonly at: number
}

const MINUTE_MS = 60_000
const T0 = Date.UTC(2026, 0, 1)
const PARTITIONS = 2
const pages = ['/home', '/about', '/contact', '/blog', '/shop']
/** A view every two seconds of an hour, a little out of order. */
const views: readonly View[] = Array.from({ length: 1_800 }, (_, i) => ({
  page: pages[(i * i + i) % pages.length] as string,
  at: T0 + 2_000 * (i - (i % 3)),
}))

function recomputed(of: readonly View[], sizeMs: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { page, at } of of) {
    const place = `${page} ${Math.floor(at / sizeMs) * sizeMs}`
    counts.set(place, (counts.get(place) ?? 0) + 1)
  }
  return counts
}

/** Of each partition of a topic the first offset behind so many views. */
function behind(count: number, topic: string): readonly Position[] {
  const offsets = Array.from({ length: PARTITIONS }, () => 0n)
  for (const { page } of views.slice(0, count)) (offsets[partitionOf(Buffer.from(page), PARTITIONS)] as bigint)++
  return offsets.map((offset, partition) => ({ split: `${topic}/${partition}`, offset }))
}

const byMinute = (name: string, from: Source<View> | readonly View[]): Results<string, number> =>
  pipeline(name)
    .from(from)
    .eventTime({ timestamp: ({ at }) => at, watermark: boundedOutOfOrderness('10s') })
    .keyBy(({ page }) => page)
    .window(tumbling('1m'))
    .count()

export function archiveContract(where: () => ArchiveStage): void {
  const write = async (of: readonly View[], topic: string): Promise<void> => {
    const sink = kafkaRecords<View>({ kafka: where().kafka, topic, key: ({ page }) => page })
    await pipeline('views').from(of).to(sink).start().done
  }
  const topicOf = (topic: string): Source<View> =>
    kafkaSource({ kafka: where().kafka, topics: [topic], value: json<View>(), until: 'end' })

  test('files up to an offset, then the topic: none is missing, none is there twice', async () => {
    const topic = await where().topic(PARTITIONS)
    await write(views, topic)
    const archived = 700
    const total = async (from: readonly Position[]): Promise<number> => {
      const all = collected<View>()
      await pipeline('all')
        .from(followedBy(views.slice(0, archived), topicOf(topic), { from }))
        .to(all)
        .start().done
      return all.items.length
    }
    const from = behind(archived, topic)
    expect(await total(from)).toBe(views.length)
    // Where they are said to meet one record sooner or later, one is there twice, or missing.
    const moved = (by: bigint): readonly Position[] =>
      from.map((at, i) => (i > 0 ? at : { ...at, offset: at.offset + by }))
    expect(await total(moved(-1n))).toBe(views.length + 1)
    expect(await total(moved(1n))).toBe(views.length - 1)
  })

  test('a version made of files and the topic is filled beside the one that is served, promoted, and back', async () => {
    const { kafka, cold } = where()
    const [input, live, anew] = [await where().topic(PARTITIONS), await where().topic(2), await where().topic(2)]
    await write(views, input)
    const to = (topic: string): ReplaySink<string, number> =>
      kafkaSink({ kafka, topic, accumulators: true, guarantee: 'exactly-once' })
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-archive-'))
    const file = join(folder, 'views.jsonl')
    writeFileSync(
      file,
      views
        .slice(0, 700)
        .map((view) => `${JSON.stringify(view)}\n`)
        .join(''),
    )
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    const archive = lines.map((line) => JSON.parse(line) as View)
    rmSync(folder, { recursive: true })
    const both = followedBy(archive, topicOf(input), { from: behind(700, input) })
    await byMinute(`live-${live}`, topicOf(input)).to(to(live)).start().done
    await byMinute(`anew-${anew}`, both).to(to(anew)).start().done

    const results = byMinute(`counts-${live}`, topicOf(input)).to(to(live))
    const hot = memoryHotStore({ serveForMs: 10 * MINUTE_MS, clock: systemClock })
    const about = { results, hot, cold, tick: '500ms', lease: '1s' } as const
    const served = servingTiers({ ...about, log: kafkaResults({ kafka, topic: live }) })
    const filled = servingTiers({ ...about, log: kafkaResults({ kafka, topic: anew }), version: 'v2' })
    const stop = new AbortController()
    const running = [served, filled].map((tiers) => tiers.run({ signal: stop.signal }))
    const range = { from: T0, to: T0 + 120 * MINUTE_MS }
    const read = async (): Promise<ReadonlyMap<string, number>> => {
      const rows = await served.read({ keys: pages, ...range })
      return new Map(rows.map(({ key, window, value }) => [`${key} ${window.start}`, value]))
    }
    for (const tiers of [served, filled])
      for (let current = false; !current; await setTimeout(20)) {
        const { partitions, boundary } = await tiers.health()
        const even = partitions.every(({ logEnd, hot: at, cold: c }) => at === logEnd && c === logEnd)
        current = partitions.length > 0 && even && boundary > T0 + 40 * MINUTE_MS
      }
    const expected = recomputed(views, MINUTE_MS)
    expect(await read()).toEqual(expected)
    const differences = []
    for await (const difference of served.diff('', 'v2', range)) differences.push(difference)
    expect(differences).toEqual([])
    await served.promote('v2')
    expect((await served.health()).version).toBe('v2')
    expect(await read()).toEqual(expected)
    await served.promote('')
    expect((await served.health()).version).toBe('')
    expect(await read()).toEqual(expected)
    stop.abort()
    await Promise.all([...running, served.close(), filled.close()])
  })

  test('results of a table up to a time, then those of the topic from that time on', async () => {
    const { kafka, keep, scan } = where()
    const minutes = await where().topic(PARTITIONS)
    const [meeting, until] = [T0 + 30 * MINUTE_MS, T0 + 40 * MINUTE_MS]
    // Both hold what lies between minute 20 and 40.
    const inTable = views.filter(({ at }) => at < until)
    const inTopic = views.filter(({ at }) => at >= T0 + 20 * MINUTE_MS)
    await keep(byMinute('old', inTable))
    await byMinute('new', inTopic)
      .to(kafkaSink({ kafka, topic: minutes }))
      .start().done
    const value = resultRecords<string, number>(json<number>())
    const log = kafkaSource({ kafka, topics: [minutes], value, until: 'end' })
    const made = async (from: number): Promise<ReadonlyMap<string, number>> => {
      const panes = collected<Pane<string, number>>()
      await pipeline('quarters')
        .from(followedBy(scan(meeting), log, { from: [] }))
        .filter((row, { split }) => row.kind === 'value' && (split.startsWith('archive:') || row.window.end > from))
        .map((row) => row as Extract<typeof row, { kind: 'value' }>)
        .eventTime({
          timestamp: ({ window }) => window.start,
          // A scan is in no order of time, so it says nothing of it.
          watermark: punctuated((_, { split, eventTime }) => (split.startsWith('archive:') ? undefined : eventTime)),
        })
        .keyBy(({ key }) => key)
        .window(tumbling('15m'))
        .sum((row) => row.value)
        .to(panes)
        .start().done
      return new Map(
        panes.items.flatMap((pane) =>
          pane.kind === 'value' ? [[`${pane.key} ${pane.window.start}`, pane.value]] : [],
        ),
      )
    }
    const expected = recomputed(views, 15 * MINUTE_MS)
    expect(await made(meeting)).toEqual(expected)
    // A minute sooner is there twice, a minute later is missing.
    const sum = (of: ReadonlyMap<string, number>): number => [...of.values()].reduce((a, b) => a + b, 0)
    expect(sum(await made(meeting - MINUTE_MS))).toBe(views.length + 30)
    expect(sum(await made(meeting + MINUTE_MS))).toBe(views.length - 30)
  })
}
