/** Owns how a trigger described as data becomes one of the library: for vectors, and to compare with the slow reference. */
import { type TimeWindow, type Trigger, ms, watermarkThenUpdates } from '@tidemark/core'
import {
  afterAll,
  afterCount,
  afterEach,
  afterFirst,
  afterProcessingTime,
  afterWatermark,
  alignedProcessingTime,
  continuousRefinement,
  emitOnClose,
  everyEventTime,
  everyUpdate,
  never,
  orFinally,
  repeatedly,
  suppress,
} from '@tidemark/triggers'

/** A name, or one trigger by its name with its arguments (the form is in vectors/README.md). */
export type TriggerSpec = string | { readonly [name: string]: unknown }

/** The trigger that a vector or the slow reference describes. */
export function triggerOf(spec: TriggerSpec): Trigger<never> {
  return build(spec) as Trigger<never>
}

type Any = Trigger<TimeWindow>

function build(spec: TriggerSpec): Any {
  if (spec === 'everyUpdate') return everyUpdate()
  if (spec === 'never') return never()
  if (typeof spec === 'string') throw new TypeError(`no trigger ${spec}`)
  if (typeof spec['policy'] === 'string') return policyOf(spec)
  const [[name, of] = ['nothing', undefined]] = Object.entries(spec)
  const parts = (Array.isArray(of) ? of : [of]) as readonly TriggerSpec[]
  switch (name) {
    case 'afterWatermark': {
      const { early, late } = of as { readonly early?: TriggerSpec; readonly late?: TriggerSpec }
      return afterWatermark({
        ...(early === undefined ? {} : { early: build(early) }),
        ...(late === undefined ? {} : { late: build(late) }),
      })
    }
    case 'afterCount':
      return afterCount(of as number)
    case 'afterProcessingTime':
      return afterProcessingTime(ms(of as number))
    case 'alignedProcessingTime':
      return alignedProcessingTime(ms(of as number))
    case 'repeatedly':
      return repeatedly(build(of as TriggerSpec))
    case 'afterFirst':
      return afterFirst(...parts.map(build))
    case 'afterAll':
      return afterAll(...parts.map(build))
    case 'afterEach':
      return afterEach(...parts.map(build))
    case 'orFinally': {
      const [first, until] = parts.map(build)
      return orFinally(first as Any, until as Any)
    }
    default:
      throw new TypeError(`no trigger ${name}`)
  }
}

function policyOf(spec: { readonly [name: string]: unknown }): Any {
  switch (spec['policy']) {
    case 'emitOnClose':
      return emitOnClose()
    case 'continuousRefinement':
      return continuousRefinement()
    case 'watermarkThenUpdates':
      return watermarkThenUpdates()
    case 'everyEventTime':
      return everyEventTime(ms(spec['every'] as number))
    case 'suppressUntilTimeLimit': {
      const { limit, maxKeys, onFull } = spec as { limit: number; maxKeys: number | null; onFull: 'emitEarly' | 'fail' }
      return suppress.untilTimeLimit(ms(limit), { onFull, ...(typeof maxKeys === 'number' ? { maxKeys } : {}) })
    }
    default:
      throw new TypeError(`no policy ${String(spec['policy'])}`)
  }
}
