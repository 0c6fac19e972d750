/**
 * Owns which parts a Redis consists of, and what tells that they are others than before. A shard is a master by the slots
 * that it has: where some come or go, it is another shard, which has applied nothing yet. So a position never speaks for
 * results that lie elsewhere.
 */
import { createHash } from 'node:crypto'
import { problem } from '@tidemark/core'
import { type Patience, persist } from '../client/patient.ts'
import type { Argument, Commands } from '../client/port.ts'
import { slotOf, tagIn } from './slots.ts'

export interface Shard {
  readonly name: string
  readonly state: Buffer
  readonly alive: Buffer
  /** What its fields with positions begin with, and those with offsets that writes have announced. */
  readonly position: string
  readonly announced: string
  /** Ranges of slots, both ends included; none: all. */
  readonly slots: readonly Range[]
}

export type Topology = ReadonlyMap<string, Shard>

type Range = readonly [first: number, last: number]

/** Of positions and announced offsets; what follows is the name of the shard in a cluster, and the log partition. */
const POSITION = 'p:'
const ANNOUNCED = 'a:'
const LONGEST_NAME = 40

export async function readTopology(commands: Commands, patience: Patience, aggregation: string): Promise<Topology> {
  const shard = (name: string, tag: string, of: string, slots: Shard['slots']): Shard => {
    const end = `{${tag}}${Buffer.byteLength(aggregation)}:${aggregation}`
    const [state, alive] = [Buffer.from(`tms${end}`), Buffer.from(`tma${end}`)]
    return { name, state, alive, position: POSITION + of, announced: ANNOUNCED + of, slots }
  }
  if (!commands.cluster) return new Map([['0', shard('0', '0', '', [])]])
  const ranges = await persist(patience, 'Asking for the slots of the cluster', () => slotsByMaster(commands))
  return new Map(
    [...ranges.values()].map((of) => {
      const name = nameOf(of)
      const [[first] = [0]] = of
      return [name, shard(name, tagIn(first), `${name}:`, of)]
    }),
  )
}

export function isSame(one: Topology, other: Topology): boolean {
  return one.size === other.size && [...one.keys()].every((name) => other.has(name))
}

/** The shard that holds a key of Redis. */
export function shardOf(topology: Topology, key: Uint8Array): string {
  const slot = slotOf(key)
  for (const { name, slots } of topology.values())
    if (slots.length === 0 || slots.some(([first, last]) => slot >= first && slot <= last)) return name
  throw problem(
    'REDIS_AWAY',
    'Finding who has a key',
    {
      found: `nobody with slot ${slot}`,
      expected: 'a master for every slot',
      remedy: 'Open the store again when the cluster is whole.',
    },
    { retryable: true },
  )
}

/** To whoever asks by the name of a shard that is no more, or may not find everything. */
export function resharded(found: string): Error {
  return problem(
    'REDIS_RESHARDED',
    'A cluster of Redis',
    {
      found,
      expected: 'the slots where they were',
      remedy: 'Open the store again, or do the same again, when they have moved; nothing is lost.',
    },
    { retryable: true },
  )
}

/**
 * All masters, for commands about every key. Keys of a slot on its way lie at both ends of it, so it is refused then.
 * @throws StreamError REDIS_RESHARDED
 */
export async function allMasters(
  commands: Commands,
  patience: Patience,
  topology: Topology,
): Promise<readonly ((args: readonly Argument[]) => Promise<unknown>)[]> {
  // A client that sends to who had a slot is told who has it, and gets to know masters that are new.
  await Promise.all(
    [...topology.values()].map(({ state }) =>
      persist(patience, 'Asking for the masters', () => commands.send(state, ['EXISTS', state])),
    ),
  )
  const masters = await persist(patience, 'Asking for the masters', () => commands.masters())
  if (!commands.cluster) return masters
  // One that has given all its slots away does no harm.
  if (masters.length < topology.size)
    throw resharded(`${topology.size} masters, of which the client knows ${masters.length}`)
  const nodes = await Promise.all(
    masters.map((send) => persist(patience, 'Asking for the masters', () => send(['CLUSTER', 'NODES']))),
  )
  if (nodes.some(movesSlots)) throw resharded('slots on their way from one master to another')
  return masters
}

/** By the line of a node about itself, which alone says so: `[93->-…]` or `[93-<-…]`. */
function movesSlots(answer: unknown): boolean {
  const own = String(answer)
    .split('\n')
    .find((line) => line.split(' ')[2]?.split(',').includes('myself'))
  return own !== undefined && / \[\d+-[<>]-/.test(own)
}

function nameOf(ranges: readonly Range[]): string {
  const text = ranges.map(([first, last]) => `${first}-${last}`).join('+')
  return `slots-${text.length <= LONGEST_NAME ? text : createHash('sha1').update(text).digest('hex')}`
}

/** Ranges of slots by master, in order, those that follow each other as one. */
async function slotsByMaster(commands: Commands): Promise<ReadonlyMap<string, readonly Range[]>> {
  const answer = (await commands.send(undefined, ['CLUSTER', 'SLOTS'])) as readonly [
    number,
    number,
    [unknown, unknown],
  ][]
  const masters = new Map<string, Range[]>()
  for (const [first, last, [host, port]] of answer.toSorted((a, b) => a[0] - b[0])) {
    const master = `${String(host)}:${String(port)}`
    const ranges = masters.get(master) ?? []
    const before = ranges.at(-1)
    if (before !== undefined && before[1] + 1 === first) ranges[ranges.length - 1] = [before[0], last]
    else ranges.push([first, last])
    masters.set(master, ranges)
  }
  return masters
}
