/**
 * Owns the hand-written loop: the client's fetch of whole batches, JSON.parse, a Map per window and partition, results in
 * batches encoded by hand, offsets committed once a second. It recovers no state and knows no headers: the floor.
 */
import { Consumer } from '@platformatic/kafka'
import { HandBatch, handSender } from './hand-batches.ts'
import { BOUND_MS, PARTITIONS, SIZE_MS } from './work.ts'

interface Part {
  readonly partition: number
  readonly windows: Map<number, Map<string, { count: number; sum: number }>>
  start: number
  current: Map<string, { count: number; sum: number }>
  max: number
  /** The least end of an open window. */
  closing: number
  out: HandBatch
}

/** `updates`: a result per record, instead of finals. */
export async function handLoop(
  address: string,
  from: string,
  to: string,
  records: number,
  updates = false,
): Promise<void> {
  const consumer = new Consumer({ clientId: to, groupId: to, bootstrapBrokers: [address], autocommit: false })
  consumer.topics.track(from)
  await consumer.joinGroup({})
  const found = (await consumer.metadata({ topics: [from] })).topics.get(from)
  if (found === undefined) throw new Error(`no topic ${from}`)
  const leader = found.partitions[0]?.leader ?? 0
  const offsets = Array.from({ length: PARTITIONS }, () => 0n)
  const sender = await handSender(address, to)
  const parts = offsets.map((_, partition): Part => ({
    partition,
    windows: new Map(),
    start: -1,
    current: new Map(),
    max: Number.NEGATIVE_INFINITY,
    closing: Number.NEGATIVE_INFINITY,
    out: new HandBatch(),
  }))
  const sends = new Set<Promise<void>>()
  const flush = (part: Part): void => {
    if (part.out.count === 0) return
    const sent = sender.send(part.partition, part.out).finally(() => sends.delete(sent))
    sends.add(sent)
    part.out = new HandBatch()
  }
  const write = (part: Part, id: string, start: number, { count, sum }: { count: number; sum: number }): void => {
    if (part.out.add(id, `{"id":${JSON.stringify(id)},"start":${start},"count":${count},"sum":${sum}}`)) flush(part)
  }
  const close = (part: Part, watermark: number): void => {
    let next = Number.POSITIVE_INFINITY
    for (const [start, table] of part.windows) {
      if (start + SIZE_MS > watermark) {
        next = Math.min(next, start + SIZE_MS)
        continue
      }
      if (!updates) for (const [id, entry] of table) write(part, id, start, entry)
      part.windows.delete(start)
      if (part.start === start) part.start = -1
    }
    part.closing = next
  }
  const take = (part: Part, text: string): void => {
    const { id, v, at } = JSON.parse(text) as { id: string; v: number; at: number }
    const start = Math.floor(at / SIZE_MS) * SIZE_MS
    if (start + SIZE_MS <= part.max - BOUND_MS) return
    if (start !== part.start) {
      let table = part.windows.get(start)
      if (table === undefined) {
        part.windows.set(start, (table = new Map()))
        if (start + SIZE_MS < part.closing || part.closing === Number.NEGATIVE_INFINITY) part.closing = start + SIZE_MS
      }
      part.current = table
      part.start = start
    }
    let entry = part.current.get(id)
    if (entry === undefined) part.current.set(id, (entry = { count: 0, sum: 0 }))
    entry.count++
    entry.sum += v
    if (updates) write(part, id, start, entry)
    if (at > part.max) {
      part.max = at
      if (at - BOUND_MS >= part.closing) close(part, at - BOUND_MS)
    }
  }
  const fetch = () =>
    consumer.fetch({
      node: leader,
      minBytes: 1,
      maxBytes: 52_428_800,
      maxWaitTime: 100,
      topics: [
        {
          topicId: found.id,
          partitions: offsets.map((fetchOffset, partition) => ({
            partition,
            fetchOffset,
            currentLeaderEpoch: -1,
            lastFetchedEpoch: -1,
            partitionMaxBytes: 1_048_576,
          })),
        },
      ],
    })
  const commit = async (): Promise<void> => {
    const at = offsets.map((offset, partition) => ({ topic: from, partition, offset, leaderEpoch: 0 }))
    await Promise.all(sends)
    await consumer.commit({ offsets: at })
  }
  let seen = 0
  let committed = Date.now()
  let pending = fetch()
  while (seen < records + PARTITIONS) {
    const response = await pending
    const batches = response.responses.flatMap((topic) =>
      topic.partitions.flatMap((p) => (p.records ?? []).map((batch) => ({ partition: p.partitionIndex, batch }))),
    )
    for (const { partition, batch } of batches)
      offsets[partition] = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n
    pending = fetch()
    for (const { partition, batch } of batches) {
      const part = parts[partition] as Part
      seen += batch.records.length
      for (const record of batch.records) take(part, String(record.value))
    }
    parts.forEach(flush)
    while (sends.size > 8) await Promise.race(sends)
    if (Date.now() - committed < 1_000) continue
    await commit()
    committed = Date.now()
  }
  await commit()
  await pending
  await sender.close()
  await consumer.close(true)
}
