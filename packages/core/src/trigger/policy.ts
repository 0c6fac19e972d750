/**
 * Owns how a fast path becomes a step: policies whose whole meaning is a `FastPath` are written once, as data, and get
 * the equivalent step from here.
 */
import type { Cadence, FastPath, Trigger, TriggerContext, TriggerStep } from './trigger.ts'

/**
 * due: the processing time at which what is pending leaves (+∞: nothing waits for time); now: fire at once; completed:
 * the window's completion has been dealt with.
 */
interface State {
  readonly due: number
  readonly now: boolean
  readonly completed: boolean
}

const NEVER = Number.POSITIVE_INFINITY
const REST: State = Object.freeze({ due: NEVER, now: false, completed: false })
const RESTED: State = Object.freeze({ due: NEVER, now: false, completed: true })

/** A trigger that is fully described by its fast path. */
export function policy<W>(options: {
  readonly kind: string
  readonly fastPath: FastPath
  readonly onTime?: 'always' | 'nonEmpty'
}): Trigger<W> {
  const { kind, fastPath } = options
  return Object.freeze({
    kind,
    emitsAtCompletion: fastPath.completion,
    ...(options.onTime === undefined ? {} : { onTime: options.onTime }),
    fastPath: Object.freeze(fastPath),
    step: stepOf(fastPath) as TriggerStep<unknown>,
  })
}

function stepOf({ early, completion, late }: FastPath): TriggerStep<State> {
  const cadence = (at: TriggerContext): Cadence => (at.complete ? late : early)
  // A session that grows is not complete any more: what its late phase waited for is void.
  const dueOf = (state: State, at: TriggerContext): number =>
    completion && state.completed && !at.complete ? NEVER : state.due
  return Object.freeze({
    initial: REST,
    element: (state: State, at: TriggerContext) => {
      const when = cadence(at)
      // Completion is what such a policy waits for: what comes first after it fires at once.
      const overdue = at.complete && completion && !state.completed
      if (when === 'perRecord' || overdue) return { due: NEVER, now: true, completed: at.complete }
      const due = dueOf(state, at)
      if (when === 'never' || due !== NEVER)
        return state.completed === at.complete ? state : { due, now: state.now, completed: at.complete }
      return { due: at.now + when.afterMs, now: state.now, completed: at.complete }
    },
    completed: (state: State) =>
      completion ? { due: NEVER, now: true, completed: true } : { ...state, completed: true },
    fires: (state: State, at: TriggerContext) => state.now || at.now >= state.due,
    fired: (state: State) => (state.completed ? RESTED : REST),
    merge: (a: State, b: State, at: TriggerContext) => ({
      due: Math.min(dueOf(a, at), dueOf(b, at)),
      now: a.now || b.now,
      completed: at.complete && (a.completed || b.completed),
    }),
    wakeAt: (state: State) => state.due,
    wakeAtWatermark: () => NEVER,
  })
}
