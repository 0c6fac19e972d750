/**
 * Owns how a vector is read: which of the two forms it has, and what is said of one that has neither. Fields that the
 * form does not name are left alone, so that a vector may say more about itself.
 */
import * as v from 'valibot'
import { COMPARED, type SplitVector, type Vector, type WindowVector } from './vector.ts'

const whole = v.pipe(v.number('a whole number'), v.safeInteger('a whole number'))
const natural = v.pipe(whole, v.minValue(0, 'a whole number from 0'))
const positive = v.pipe(whole, v.minValue(1, 'a whole number from 1'))
const yesOrNo = v.boolean('true or false')
const emptyPane = v.picklist(['nonEmpty', 'always'], "'nonEmpty' or 'always'")
const offset = v.optional(whole, 0)

const window = v.variant(
  'kind',
  [
    v.object({ kind: v.literal('tumbling'), size: positive, offset }, 'a window'),
    v.object({ kind: v.literal('hopping'), size: positive, every: positive, offset }, 'a window'),
    v.object({ kind: v.literal('session'), gap: positive }, 'a window'),
    v.object({ kind: v.literal('slidingByRecord'), size: positive }, 'a window'),
    v.object({ kind: v.literal('global') }, 'a window'),
  ],
  'a window of kind tumbling, hopping, session, slidingByRecord or global',
)

const record = v.object(
  {
    key: v.union([v.string(), v.number(), v.boolean()], 'a text, a number, true or false'),
    value: v.unknown(),
    at: whole,
  },
  'a record',
)

const STEP = 'a step with record, watermark, clock or end'
const step = v.strictObject(
  {
    record: v.exactOptional(record),
    watermark: v.exactOptional(v.number('a time')),
    clock: v.exactOptional(whole),
    end: v.exactOptional(yesOrNo),
  },
  STEP,
)

const pane = v.looseObject(
  {
    key: v.unknown(),
    window: v.nullable(v.strictTuple([whole, whole], '[start, end] or null')),
    value: v.exactOptional(v.unknown()),
    retract: v.optional(yesOrNo, false),
  },
  'a pane',
)

const expectation = v.object(
  {
    step: natural,
    panes: v.optional(v.array(pane, 'a list of panes'), []),
    tooLate: v.optional(natural, 0),
    fails: v.optional(yesOrNo, false),
  },
  'an expectation',
)

const AGGREGATES = ['sum', 'count', 'min', 'max', 'collect'] as const

const windowVector = v.object(
  {
    name: v.string('a name'),
    window,
    watermark: v.union(
      [v.literal('explicit'), v.object({ boundedOutOfOrderness: natural })],
      "'explicit' or { boundedOutOfOrderness: ms }",
    ),
    allowedLateness: natural,
    aggregate: v.picklist(AGGREGATES, `one of ${AGGREGATES.join(', ')}`),
    trigger: v.unknown(),
    accumulation: v.picklist(
      ['discarding', 'accumulating', 'retracting'],
      "'discarding', 'accumulating' or 'retracting'",
    ),
    onTime: emptyPane,
    closing: emptyPane,
    steps: v.array(step, 'a list of steps'),
    compare: v.array(v.picklist(COMPARED, `one of ${COMPARED.join(', ')}`), 'a list of fields'),
    compareTooLate: v.optional(yesOrNo, false),
    snapshotAfter: v.exactOptional(natural),
    expect: v.array(expectation, 'a list of expectations'),
  },
  'a vector',
)

const splitStep = v.strictObject(
  {
    split: v.pipe(v.string('the name of a split'), v.nonEmpty('the name of a split')),
    new: v.exactOptional(yesOrNo),
    watermark: v.exactOptional(whole),
    idle: v.exactOptional(yesOrNo),
    active: v.exactOptional(yesOrNo),
    finished: v.exactOptional(yesOrNo),
  },
  'a step with split and new, watermark, idle, active or finished',
)

const splitVector = v.object(
  {
    name: v.string('a name'),
    steps: v.array(splitStep, 'a list of steps'),
    combined: v.array(v.nullable(whole), 'a list of watermarks'),
  },
  'a vector of splits',
)

const TELLING = ['steps', 'window', 'trigger', 'expect', 'compare', 'combined']

/** Whether something read from a file means to be a vector, of either form: a field or two may be wrong or missing. */
export function isVectorLike(found: unknown): boolean {
  return typeof found === 'object' && found !== null && TELLING.filter((name) => name in found).length > 1
}

/**
 * Takes what a file holds for a vector. Which form it has is told by its content: `combined` stands in splits only.
 * @throws TypeError with the place, what was found there and what was expected
 */
export function vectorOf(found: unknown): Vector {
  if (typeof found === 'object' && found !== null && 'combined' in found) {
    const vector: SplitVector = read(splitVector, found)
    const [steps, combined] = [vector.steps.length, vector.combined.length]
    if (steps !== combined)
      throw new TypeError(`combined: found ${combined} watermarks, expected one for each of ${steps} steps`)
    return { of: 'splits', vector }
  }
  const vector: WindowVector = read(windowVector, found)
  checkExpectations(vector)
  return { of: 'windows', vector }
}

function read<S extends v.GenericSchema>(schema: S, found: unknown): v.InferOutput<S> {
  const { success, output, issues } = v.safeParse(schema, found)
  if (success) return output
  throw new TypeError(issues.map(sentence).slice(0, 3).join('; '))
}

function sentence(issue: v.BaseIssue<unknown>): string {
  const at = v.getDotPath(issue) ?? 'the vector'
  // A field that is not there is reported by the object it should be in.
  const missing = issue.input === undefined
  return `${at}: found ${missing ? 'nothing' : short(issue.input)}, expected ${missing && issue.type.endsWith('object') ? 'a field of this name' : issue.message}`
}

function short(found: unknown): string {
  const text = JSON.stringify(found) ?? String(found)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/** What could never be compared, or would never be looked at. */
function checkExpectations({ steps, expect, compare, watermark }: WindowVector): void {
  const follows = steps.findIndex((step) => step.watermark !== undefined)
  if (watermark !== 'explicit' && follows >= 0)
    throw new TypeError(`steps.${follows}: found a watermark, expected none where the watermark follows the records`)
  const seen = new Set<number>()
  for (const [i, { step, panes }] of expect.entries()) {
    if (step >= steps.length)
      throw new TypeError(`expect.${i}.step: found ${step}, expected the index of one of ${steps.length} steps`)
    if (seen.has(step)) throw new TypeError(`expect.${i}.step: found ${step} again, expected each step once`)
    seen.add(step)
    for (const [j, pane] of panes.entries()) {
      const wanted = pane.retract ? ['value'] : compare.filter((name) => name !== 'retract')
      const lacks = wanted.find((name) => !(name in pane))
      if (lacks !== undefined)
        throw new TypeError(
          `expect.${i}.panes.${j}.${lacks}: found nothing, expected a field of this name: it is compared`,
        )
    }
  }
}
