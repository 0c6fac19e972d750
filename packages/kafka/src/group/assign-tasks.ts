/**
 * Owns who of a group gets which tasks: evenly, and with as few moves as that allows. A task that moves is given to
 * nobody at first: its owner finds that it is not in its assignment, finishes with it and joins again without it, and
 * only then is it free. So no two members ever have one task.
 */

/** What a member says that it has. */
export interface Claim {
  readonly member: string
  /** Decides between members that have equally much; its static name, where it has one. */
  readonly name: string
  readonly tasks: readonly number[]
  /** The generation in which it had them. */
  readonly generation: number
}

/** The tasks from 0 to `count` that each member may begin, or go on, with now; by member. */
export function assignTasks(count: number, claims: readonly Claim[]): ReadonlyMap<string, readonly number[]> {
  const owners = ownersOf(count, claims)
  const kept = new Map(claims.map(({ member }) => [member, [] as number[]]))
  owners.forEach((owner, task) => kept.get(owner as string)?.push(task))
  // Those who have most may keep one more, where the tasks do not divide evenly.
  const order = claims.toSorted(
    (a, b) => (kept.get(b.member)?.length ?? 0) - (kept.get(a.member)?.length ?? 0) || (a.name < b.name ? -1 : 1),
  )
  const least = Math.floor(count / claims.length)
  const target = new Map(
    order.map(({ member }, i) => {
      const quota = least + (i < count % claims.length ? 1 : 0)
      return [member, { quota, tasks: (kept.get(member) ?? []).slice(0, quota) }]
    }),
  )
  const placed = new Set([...target.values()].flatMap(({ tasks }) => tasks))
  const open = Array.from({ length: count }, (_, task) => task).filter((task) => !placed.has(task))
  for (const { quota, tasks } of target.values()) while (tasks.length < quota) tasks.push(open.shift() as number)
  return new Map(
    [...target].map(([member, { tasks }]) => [
      member,
      tasks.filter((task) => owners[task] === undefined || owners[task] === member).sort((a, b) => a - b),
    ]),
  )
}

/** Two claims to one task, of one generation: nobody may go on with it. */
const CONTESTED = Symbol('contested')

/** Who has each task: the claim of the latest generation holds; undefined: it is free. */
function ownersOf(count: number, claims: readonly Claim[]): readonly (string | symbol | undefined)[] {
  const owners: (string | symbol | undefined)[] = Array.from({ length: count }, () => undefined)
  const since: number[] = owners.map(() => Number.NEGATIVE_INFINITY)
  for (const { member, tasks, generation } of claims) {
    for (const task of tasks) {
      // A claim to a task that is not there any more is none.
      if (task >= count || generation < (since[task] as number)) continue
      owners[task] = generation === since[task] ? CONTESTED : member
      since[task] = generation
    }
  }
  return owners
}
