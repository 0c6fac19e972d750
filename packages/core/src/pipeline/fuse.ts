/**
 * Owns, with the texts of line ends in fuse-windows.ts, the one place that generates code: the way of records from a
 * source to its windows (or to a sink) as one loop, with the user's functions called where they stand. The text is plain
 * JavaScript, made from the plan alone; it does what `operator/line.ts` does, record by record, and the tests hold it
 * against that. Where a host forbids making code from text, line.ts runs.
 *
 * What it saves: calls through shared call sites, which no engine can see through, and fields written per record that
 * can stay in variables until somebody looks at them.
 */
import type { Column } from '../aggregate/aggregator.ts'
import type { Clocking, Line, Step } from '../operator/line.ts'
import { metaFor } from '../operator/cursor.ts'
import type { RunRecords } from '../operator/task-parts.ts'
import { copyKey, keyId } from '../state/key.ts'
import { badTimestamp } from '../time/timestamp.ts'
import { type Bindings, LOOK, endText, indent } from './fuse-windows.ts'

let allowed: boolean | undefined

/** Code from text: the plan's, never anything that came from outside. */
function made<R>(names: readonly string[], text: string): (...values: unknown[]) => R {
  // oxlint-disable-next-line no-implied-eval
  return new Function(...names, text) as (...values: unknown[]) => R
}

/** Whether this host lets code be made from text. (A content security policy may forbid it.) */
export function mayGenerate(): boolean {
  if (allowed === undefined) {
    try {
      allowed = made<boolean>([], 'return true')() === true
    } catch {
      allowed = false
    }
  }
  return allowed
}

/** The line as one function; undefined where code may not be generated. */
export function fuse(line: Line): RunRecords | undefined {
  if (!mayGenerate()) return undefined
  const { text, bindings } = generate(line)
  return made<RunRecords>(Object.keys(bindings), text)(...Object.values(bindings))
}

/** The text of a line, and what it refers to. */
export function generate({ task, steps, clocking, end }: Line): { readonly text: string; readonly bindings: Bindings } {
  const rejects = steps.map(({ reject }) => reject)
  const accounts: object[] = steps.map(({ counters }) => counters)
  const bindings: Bindings = { task, cursor: task.cursor, rejects, accounts }
  steps.forEach(({ counters }, i) => (bindings[`counters${i}`] = counters))
  if (clocking !== undefined)
    Object.assign(bindings, { timeline: clocking.timeline, ahead: clocking.ahead, badTimestamp })
  const time = steps.findIndex(({ op }) => op === 'eventTime')
  // How a record leaves the line: before its time is known, or after.
  const stages = steps.flatMap((step, i) =>
    stepText(step, i, time >= 0 && i > time ? 'break line' : 'continue', clocking, bindings),
  )
  const last = endText(end, clocking !== undefined, rejects, accounts, bindings)
  const timed = (...lines: readonly string[]): readonly string[] => (clocking === undefined ? [] : lines)
  const text = [
    `'use strict'`,
    'return (records, from, to, arrivals) => {',
    ...indent(1, [
      ...timed(
        'let own = timeline.own',
        'const others = timeline.others',
        'let watermark = cursor.watermark',
        'let due = task.nextDue()',
      ),
      '// The processing time before which nobody wants to be woken, as far as is known.',
      'let quiet = -Infinity',
      'const times = arrivals?.at',
      'let moment = cursor.now',
      ...last.before,
      'try {',
      ...indent(1, [
        'for (let i = from; i < to; i++) {',
        ...indent(1, [
          ...arrivalText(clocking !== undefined, last.forget),
          'cursor.index = i',
          'cursor.eventTime = NaN',
          'let value = records[i]',
          '// Whose function runs: what it throws goes to the policy of its stage.',
          'let at = 0',
          ...timed('let proven = NaN'),
          'line: try {',
          ...indent(1, [...stages, 'at = -1', ...last.text]),
          '} catch (error) {',
          ...indent(1, [
            'if (at < 0) throw error',
            'accounts[at][rejects[at](error, value)]++',
            ...timed(`if (at <= ${time}) continue`),
          ]),
          '}',
          ...(clocking === undefined ? [] : progressText(clocking, last.forget)),
          ...(task.settles ? ['task.raise(watermark)', 'task.settle()'] : []),
        ]),
        '}',
      ]),
      '} finally {',
      ...indent(1, [
        ...last.after,
        ...timed('timeline.own = own', 'task.raise(watermark)'),
        'if (arrivals !== undefined) arrivals.clock.follow(cursor.now)',
      ]),
      '}',
    ]),
    '}',
  ].join('\n')
  return { text, bindings }
}

/** One stage. `out` is how a record leaves the line. */
function stepText(
  step: Step,
  i: number,
  out: string,
  clocking: Clocking | undefined,
  bindings: Bindings,
): readonly string[] {
  const name = `fn${i}`
  bindings[name] = step.fn
  const call = callText(name, step.fn)
  switch (step.op) {
    case 'filter':
      return [`at = ${i}`, `if (!${call}) {`, `  counters${i}.filtered++`, `  ${out}`, `}`]
    case 'map':
      return [`at = ${i}`, `value = ${call}`]
    case 'tap':
      return [`at = ${i}`, call]
    case 'eventTime':
      bindings['observe'] = clocking?.observe
      return [
        `at = ${i}`,
        `const timestamp = ${call}`,
        'if (!Number.isSafeInteger(timestamp)) throw badTimestamp(timestamp)',
        'cursor.eventTime = timestamp',
        clocking?.boundMs === undefined
          ? 'proven = observe(value, cursor)'
          : `proven = timestamp - ${clocking.boundMs}`,
      ]
    case 'keyBy':
      Object.assign(bindings, { keyId, copyKey })
      return [
        `at = ${i}`,
        `let key = ${call}`,
        `const id = typeof key === 'string' && key.charCodeAt(0) !== 0 ? key : keyId(key)`,
        `if (typeof key === 'object') key = copyKey(key)`,
      ]
  }
}

const META = { nothing: '', cursor: ', cursor', copy: ', cursor.keep()' } as const

function callText(name: string, fn: Step['fn']): string {
  return `${name}(value${META[metaFor(fn)]})`
}

/** Processing time follows the records' arrivals. */
function arrivalText(timed: boolean, forget: readonly string[]): readonly string[] {
  const woken = timed ? [...forget, 'watermark = cursor.watermark', 'due = task.nextDue()'] : forget
  return [
    'if (times !== undefined) {',
    ...indent(1, [
      'const time = times[i]',
      'if (time > moment) {',
      ...indent(1, [
        'moment = time',
        'if (time >= quiet) quiet = task.quietUntil',
        'if (time < quiet) cursor.now = time',
        'else {',
        ...indent(1, [
          ...(timed ? ['task.raise(watermark)'] : []),
          ...(woken.length > 0 ? ['if (task.tick(time)) {', ...indent(1, woken), '}'] : ['task.tick(time)']),
          'quiet = -Infinity',
        ]),
        '}',
      ]),
      '}',
    ]),
    '}',
  ]
}

/** What a record proves counts after it. Windows are only looked at when one of them is due. */
function progressText({ ahead }: Clocking, forget: readonly string[]): readonly string[] {
  return [
    `if (proven > own${ahead === undefined ? '' : ' && !ahead(cursor.eventTime)'}) {`,
    ...indent(1, [
      'own = proven',
      'const now = own < others ? own : others',
      'if (now > watermark) {',
      ...indent(1, [
        'watermark = now',
        'if (now >= due) {',
        ...indent(1, ['timeline.own = own', 'task.raise(now)', LOOK, ...forget]),
        '}',
      ]),
      '}',
    ]),
    '}',
  ]
}

/** A function that makes the object of several results; each name is its own property, known from the start. */
export function fuseResult(
  names: readonly string[],
): ((columns: readonly Column[], slot: number) => unknown) | undefined {
  if (!mayGenerate()) return undefined
  const fields = names.map((name, i) => `${JSON.stringify(name)}: columns[${i}].result(slot)`)
  return made(['columns', 'slot'], `'use strict'\nreturn { ${fields.join(', ')} }`)
}
