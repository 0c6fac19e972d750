/**
 * Owns the two requests that carry record batches, in the versions used here (Fetch 12, Produce 9): the client would
 * make an object of every record. The others are the client's own.
 */
import type { AbortedTransaction } from '../fetch/committed-filter.ts'
import type { Api, ClientModule, WireReader, WireWriter } from './client-module.ts'
import type { FetchPlace, FetchRequest, FetchedPartition, Place, ProduceAnswer, ProduceBatch } from './cluster.ts'

const PRODUCE = 0
const FETCH = 1
/** Every in-sync replica has it. */
const ACKS_ALL = -1
/** A consumer, no replica. */
const NO_REPLICA = -1
/** An empty array or text in the protocol's compact form is its length plus one. */
const EMPTY = 1

export function fetchApi(client: ClientModule): Api<[FetchRequest], readonly FetchedPartition[]> {
  const request = (given: FetchRequest): WireWriter => writeFetch(client.Writer.create(), given)
  return client.createAPI(FETCH, 12, request as never, readFetch as never) as never
}

export function produceApi(
  client: ClientModule,
): Api<[readonly ProduceBatch[], number, string | null], readonly ProduceAnswer[]> {
  const request = (batches: readonly ProduceBatch[], timeoutMs: number, id: string | null): WireWriter =>
    writeProduce(client.Writer.create(), batches, timeoutMs, id)
  return client.createAPI(PRODUCE, 9, request as never, readProduce as never) as never
}

function writeFetch(out: WireWriter, request: FetchRequest): WireWriter {
  out
    .appendInt32(NO_REPLICA)
    .appendInt32(request.maxWaitMs)
    .appendInt32(1)
    .appendInt32(request.maxBytes)
    .appendInt8(request.committed ? 1 : 0)
    // No session: each request names all its partitions.
    .appendInt32(0)
    .appendInt32(-1)
  writeTopics(out, request.places, (place: FetchPlace) => {
    out
      .appendInt32(place.partition)
      .appendInt32(-1)
      .appendInt64(place.offset)
      .appendInt32(-1)
      .appendInt64(-1n)
      .appendInt32(request.maxPartitionBytes)
      .appendTaggedFields()
  })
  // Nothing to forget, no rack.
  return out.appendUnsignedVarInt(EMPTY).appendUnsignedVarInt(EMPTY).appendTaggedFields()
}

function readFetch(_correlation: number, _key: number, _version: number, reader: WireReader): FetchedPartition[] {
  reader.readInt32()
  const error = reader.readInt16()
  reader.readInt32()
  const out: FetchedPartition[] = []
  readTopics(reader, (topic) => {
    const partition = reader.readInt32()
    const code = reader.readInt16()
    const end = reader.readInt64()
    const stableEnd = reader.readInt64()
    reader.readInt64()
    const aborted: AbortedTransaction[] = []
    const count = reader.readUnsignedVarInt() - 1
    for (let i = 0; i < count; i++) {
      aborted.push({ producerId: reader.readInt64(), firstOffset: reader.readInt64() })
      reader.readTaggedFields()
    }
    reader.readInt32()
    const size = reader.readUnsignedVarInt() - 1
    const at = reader.position
    const records = size > 0 ? reader.buffer.slice(at, at + size) : NOTHING
    if (size > 0) reader.position = at + size
    reader.readTaggedFields()
    out.push({ topic, partition, error: code === 0 ? error : code, end, stableEnd, aborted, records })
  })
  return out
}

const NOTHING = new Uint8Array(0)

function writeProduce(
  out: WireWriter,
  batches: readonly ProduceBatch[],
  timeoutMs: number,
  id: string | null,
): WireWriter {
  out.appendString(id).appendInt16(ACKS_ALL).appendInt32(timeoutMs)
  writeTopics(out, batches, ({ partition, records }) => {
    out
      .appendInt32(partition)
      .appendUnsignedVarInt(records.length + 1)
      .append(records as Buffer)
      .appendTaggedFields()
  })
  return out.appendTaggedFields()
}

function readProduce(_correlation: number, _key: number, _version: number, reader: WireReader): ProduceAnswer[] {
  const out: ProduceAnswer[] = []
  readTopics(reader, (topic) => {
    const partition = reader.readInt32()
    const error = reader.readInt16()
    const baseOffset = reader.readInt64()
    reader.readInt64()
    reader.readInt64()
    const bad = reader.readUnsignedVarInt() - 1
    for (let i = 0; i < bad; i++) {
      reader.readInt32()
      reader.readNullableString()
      reader.readTaggedFields()
    }
    reader.readNullableString()
    reader.readTaggedFields()
    out.push({ topic, partition, error, baseOffset })
  })
  return out
}

/** Places grouped by topic, as every request wants them. */
export function byTopic<P extends Place>(places: readonly P[]): ReadonlyMap<string, readonly P[]> {
  const topics = new Map<string, P[]>()
  for (const place of places) {
    const known = topics.get(place.topic)
    if (known === undefined) topics.set(place.topic, [place])
    else known.push(place)
  }
  return topics
}

function writeTopics<P extends Place>(out: WireWriter, places: readonly P[], each: (place: P) => void): void {
  const topics = byTopic(places)
  out.appendUnsignedVarInt(topics.size + 1)
  for (const [topic, partitions] of topics) {
    out.appendString(topic).appendUnsignedVarInt(partitions.length + 1)
    for (const place of partitions) each(place)
    out.appendTaggedFields()
  }
}

function readTopics(reader: WireReader, partition: (topic: string) => void): void {
  const topics = reader.readUnsignedVarInt() - 1
  for (let i = 0; i < topics; i++) {
    const topic = reader.readNullableString() ?? ''
    const partitions = reader.readUnsignedVarInt() - 1
    for (let j = 0; j < partitions; j++) partition(topic)
    reader.readTaggedFields()
  }
}
