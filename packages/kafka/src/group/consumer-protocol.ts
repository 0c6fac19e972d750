/**
 * Owns what members of a group tell each other through its coordinator: what a member reads and has, what the leader
 * gives it. In the bytes of Kafka's consumers (subscription and assignment, version 2), so that its tools show them.
 */
import { StreamError } from '@tidemark/core'

/** How tasks are shared out; members of a group must agree on it. */
export const PROTOCOL = 'tidemark-tasks'

const VERSION = 2

export interface Subscription {
  readonly topics: readonly string[]
  /** The tasks that the member has, and since which generation. */
  readonly tasks: readonly number[]
  readonly generation: number
}

export interface Assignment {
  readonly tasks: readonly number[]
  /** How many tasks there were to give. */
  readonly of: number
  /** The member had tasks that it does not get: they are given to others once it has joined without them. */
  readonly joinAgain: boolean
}

export function encodeSubscription({ topics, tasks, generation }: Subscription): Uint8Array {
  const out = new Output()
  out.int16(VERSION)
  out.array(topics, (topic) => out.text(topic))
  out.int32(-1)
  out.array(topics, (topic) => {
    out.text(topic)
    out.array(tasks, (task) => out.int32(task))
  })
  out.int32(generation)
  return out.bytes()
}

export function decodeSubscription(bytes: Uint8Array): Subscription {
  return read(bytes, (input) => {
    input.int16()
    const topics = input.array(() => input.text())
    input.skip(Math.max(0, input.int32()))
    const tasks = partitions(input)
    return { topics, tasks, generation: input.int32() }
  })
}

/** `counts` says how many partitions each topic has: a task is the partitions of one number, of those that have it. */
export function encodeAssignment(
  { tasks, of, joinAgain }: Assignment,
  counts: ReadonlyMap<string, number>,
): Uint8Array {
  const out = new Output()
  out.int16(VERSION)
  out.array([...counts], ([topic, count]) => {
    out.text(topic)
    out.array(
      tasks.filter((task) => task < count),
      (task) => out.int32(task),
    )
  })
  out.int32(5)
  out.int32(of)
  out.int8(joinAgain ? 1 : 0)
  return out.bytes()
}

/** A member that is new may have been given nothing, not even an empty assignment. */
export function decodeAssignment(bytes: Uint8Array): Assignment {
  if (bytes.length === 0) return { tasks: [], of: 0, joinAgain: true }
  return read(bytes, (input) => {
    input.int16()
    const tasks = partitions(input)
    input.int32()
    return { tasks, of: input.int32(), joinAgain: input.int8() !== 0 }
  })
}

/** The numbers of all partitions of all topics. */
function partitions(input: Input): readonly number[] {
  const numbers = new Set<number>()
  input.array(() => {
    input.text()
    input.array(() => numbers.add(input.int32()))
  })
  return [...numbers].sort((a, b) => a - b)
}

function read<T>(bytes: Uint8Array, with_: (input: Input) => T): T {
  try {
    return with_(new Input(bytes))
  } catch (cause) {
    throw new StreamError(
      'KAFKA_GROUP_PROTOCOL',
      `A message between members of a group: found ${bytes.length} bytes that do not read as one, expected those of '${PROTOCOL}'. Let members of one version make up the group.`,
      { cause },
    )
  }
}

class Output {
  readonly #parts: Buffer[] = []

  int8(value: number): void {
    const part = Buffer.alloc(1)
    part.writeInt8(value)
    this.#parts.push(part)
  }

  int16(value: number): void {
    const part = Buffer.alloc(2)
    part.writeInt16BE(value)
    this.#parts.push(part)
  }

  int32(value: number): void {
    const part = Buffer.alloc(4)
    part.writeInt32BE(value)
    this.#parts.push(part)
  }

  text(value: string): void {
    const part = Buffer.from(value)
    this.int16(part.length)
    this.#parts.push(part)
  }

  array<T>(values: readonly T[], each: (value: T) => void): void {
    this.int32(values.length)
    for (const value of values) each(value)
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts)
  }
}

/** Throws a RangeError behind the end. */
class Input {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  int8(): number {
    return this.#bytes.readInt8(this.skip(1))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.skip(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.skip(4))
  }

  text(): string {
    const length = this.int16()
    const at = this.skip(length)
    return this.#bytes.toString('utf8', at, at + length)
  }

  array<T>(each: () => T): T[] {
    const length = this.int32()
    const out: T[] = []
    // Every element takes bytes, so a length that is not true ends at theirs.
    for (let i = 0; i < length; i++) out.push(each())
    return out
  }

  /** Where the bytes begin that are passed over. */
  skip(length: number): number {
    const at = this.#at
    this.#at += length
    if (length < 0 || this.#at > this.#bytes.length) throw new RangeError(`${length} bytes at ${at}`)
    return at
  }
}
