/**
 * Owns how a fast path becomes a step: policies whose whole meaning is a `FastPath` are written once, as data, and get
 * the equivalent step from here.
 */
import type { Cadence, FastPath, Trigger, TriggerContext, TriggerStep } from './trigger.ts'

/** due: the processing time at which what is pending leaves (+∞: nothing waits for time); now: fire at once. */
interface State { readonly due: number; readonly now: boolean }

const REST: State = Object.freeze({ due: Number.POSITIVE_INFINITY, now: false })
const FIRE: State = Object.freeze({ due: Number.POSITIVE_INFINITY, now: true })

/** A trigger that is fully described by its fast path. */
export function policy<W>(options: { readonly kind: string; readonly fastPath: FastPath; readonly onTime?: 'always' | 'nonEmpty' }): Trigger<W> {
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
  return Object.freeze({
    initial: REST,
    element: (state: State, at: TriggerContext) => {
      const when = cadence(at)
      if (when === 'perRecord') return FIRE
      if (when === 'never' || state.due !== Number.POSITIVE_INFINITY) return state
      return { due: at.now + when.afterMs, now: state.now }
    },
    completed: (state: State) => (completion ? FIRE : state),
    fires: (state: State, at: TriggerContext) => state.now || at.now >= state.due,
    fired: () => REST,
    merge: (a: State, b: State) => ({ due: Math.min(a.due, b.due), now: a.now || b.now }),
    wakeAt: (state: State) => state.due,
    wakeAtWatermark: () => Number.POSITIVE_INFINITY,
  })
}
