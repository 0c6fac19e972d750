/** Owns how a lane goes into an interval: what it has read, its state, and what its sinks are owed. */
import type { Pause } from '../io/checkpoint.ts'
import type { Layout } from '../pipeline/layout.ts'
import { type Durable, checkpoint } from './commit.ts'
import type { Outbox } from './egress.ts'
import type { Input } from './inputs.ts'
import type { Lane } from './lane.ts'

export interface Interval {
  readonly id: number
  readonly layout: Layout
  /** When it ends, ms. */
  readonly now: number
  readonly inputs: readonly Input[]
  readonly pause: Pause
}

/** Gives back what is to be written to sinks once the interval is durable. No record may be taken before. */
export async function saveLane(
  { kind, session }: Durable,
  lane: Lane,
  { id, layout, now, inputs, pause }: Interval,
): Promise<Outbox> {
  if (kind === 'transaction') await lane.egress.flush()
  const outbox = lane.egress.takeOutbox()
  const positions = inputs.flatMap(({ source, name }) =>
    lane.positionsOf(source).map((position) => [name, position] as const),
  )
  await pause()
  const later: Iterable<void>[] = []
  const task = lane.task.save((work) => later.push(work))
  await pause()
  for (const work of later) for (const _ of work) await pause()
  await session.save(lane.id, checkpoint({ id, layout, positions, task, outbox, now }), pause)
  return outbox
}
