/**
 * Owns how a trigger described as data becomes one of the library: for vectors, and to compare with the slow reference.
 * What is no trigger is refused with its place in the description; numbers are checked by the library's own functions.
 */
import { type TimeWindow, type Trigger, ms, watermarkThenUpdates } from '@tidemark/core'
import {
  afterAll,
  afterCount,
  afterEach,
  afterFirst,
  afterProcessingTime,
  afterWatermark,
  alignedProcessingTime,
  completeMode,
  continuousRefinement,
  emitOnClose,
  everyEventTime,
  everyUpdate,
  never,
  orFinally,
  repeatedly,
  suppress,
  updateMode,
} from '@tidemark/triggers'

/** A name, or one trigger by its name with its arguments (the form is in vectors/README.md). */
export type TriggerSpec = string | { readonly [name: string]: unknown }

/**
 * The trigger that a vector or the slow reference describes.
 * @throws TypeError with the place in the description, what was found there and what was expected
 */
export function triggerOf(spec: unknown, at: string = 'trigger'): Trigger<never> {
  return build(spec, at) as Trigger<never>
}

type Any = Trigger<TimeWindow>
interface Fields {
  readonly [name: string]: unknown
}
type Build = (of: unknown, at: string) => Any

const NAMES: Readonly<Record<string, () => Any>> = { everyUpdate, never }

const TRIGGERS: Readonly<Record<string, Build>> = {
  afterWatermark: (of, at) => {
    const { early, late } = fieldsOf(of, at, ['early', 'late'])
    return afterWatermark({
      ...(isMissing(early) ? {} : { early: build(early, `${at}.early`) }),
      ...(isMissing(late) ? {} : { late: build(late, `${at}.late`) }),
    })
  },
  afterCount: (of) => afterCount(of as number),
  afterProcessingTime: (of) => afterProcessingTime(ms(of as number)),
  alignedProcessingTime: (of) => alignedProcessingTime(ms(of as number)),
  repeatedly: (of, at) => repeatedly(build(of, at)),
  afterFirst: (of, at) => afterFirst(...parts(of, at)),
  afterAll: (of, at) => afterAll(...parts(of, at)),
  afterEach: (of, at) => afterEach(...parts(of, at)),
  orFinally: (of, at) => {
    const [first, until, ...more] = parts(of, at)
    if (first === undefined || until === undefined || more.length > 0) throw refused(at, of, '[trigger, until]')
    return orFinally(first, until)
  },
}

const POLICIES: Readonly<Record<string, (spec: Fields, at: string) => Any>> = {
  emitOnClose: () => emitOnClose(),
  continuousRefinement: () => continuousRefinement(),
  watermarkThenUpdates: () => watermarkThenUpdates(),
  everyEventTime: ({ every }) => everyEventTime(ms(every as number)),
  updateMode: ({ every }) => updateMode({ every: ms(every as number) }),
  completeMode: ({ every }) => completeMode({ every: ms(every as number) }),
  suppressUntilTimeLimit: ({ limit, maxKeys, onFull }) =>
    suppress.untilTimeLimit(ms(limit as number), {
      onFull: onFull as 'fail',
      ...(isMissing(maxKeys) ? {} : { maxKeys: maxKeys as number }),
    }),
}

function build(spec: unknown, at: string): Any {
  if (typeof spec === 'string') {
    const make = Object.hasOwn(NAMES, spec) ? NAMES[spec] : undefined
    if (make === undefined) throw refused(at, spec, `one of ${quoted(NAMES)}, or an object`)
    return make()
  }
  const fields = fieldsOf(spec, at)
  if ('policy' in fields) {
    const name = fields['policy'] as string
    const make = Object.hasOwn(POLICIES, name) ? POLICIES[name] : undefined
    if (make === undefined) throw refused(`${at}.policy`, name, `one of ${quoted(POLICIES)}`)
    return make(fields, at)
  }
  const [[name, of] = ['', undefined], ...more] = Object.entries(fields)
  const make = Object.hasOwn(TRIGGERS, name) ? TRIGGERS[name] : undefined
  if (make === undefined || more.length > 0) throw refused(at, spec, `one of ${quoted(TRIGGERS)}, or a policy`)
  return make(of, `${at}.${name}`)
}

/** Other languages write null for what is not there. */
function isMissing(of: unknown): boolean {
  return of === undefined || of === null
}

function parts(of: unknown, at: string): readonly Any[] {
  if (!Array.isArray(of)) throw refused(at, of, 'a list of triggers')
  return of.map((part, i) => build(part, `${at}.${i}`))
}

function fieldsOf(of: unknown, at: string, known?: readonly string[]): Fields {
  if (typeof of !== 'object' || of === null || Array.isArray(of)) throw refused(at, of, 'an object')
  const odd = Object.keys(of).find((name) => known?.includes(name) === false)
  if (odd !== undefined) throw refused(at, odd, `only ${known?.join(' and ')}`)
  return of as Fields
}

function quoted(names: object): string {
  return Object.keys(names).join(', ')
}

function refused(at: string, found: unknown, expected: string): TypeError {
  return new TypeError(`${at}: found ${JSON.stringify(found) ?? 'nothing'}, expected ${expected}`)
}
