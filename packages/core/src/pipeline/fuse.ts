/**
 * Owns the one place that generates code: the way of records from a source to its windows (or to a sink) as one loop,
 * with the user's functions called where they stand. The text is plain JavaScript, made from the plan alone; it does
 * what the functions of compile.ts and the operators do, record by record, and the tests hold it against them. Where a
 * host forbids making code from text, or a line has something that is not here, the functions run.
 *
 * What it saves: calls through shared call sites, which no engine can see through, and fields written per record that
 * can stay in variables until somebody looks at them.
 */
import type { Column, ColumnKind } from '../aggregate/aggregator.ts'
import { badNumber } from '../aggregate/extract.ts'
import type { Cursor } from '../operator/cursor.ts'
import type { GridOperator } from '../operator/grid-operator.ts'
import type { Task } from '../operator/task.ts'
import type { RunRecords } from '../operator/task-parts.ts'
import type { Timeline } from '../operator/timeline.ts'
import type { WindowOperator } from '../operator/operator.ts'
import { copyKey, keyId } from '../state/key.ts'
import { badTimestamp } from '../time/timestamp.ts'
import type { Reject } from '../operator/rejects.ts'

type Fn = (value: never, meta: never) => unknown

/** A stage of the line, with what counts and deals with the records it refuses. */
export interface Step {
  readonly op: 'filter' | 'map' | 'tap' | 'eventTime' | 'keyBy'
  readonly fn: Fn
  readonly reject: Reject
  readonly counters: { filtered: number; skipped: number; deadLettered: number }
}

/** How records prove that time has come. */
export interface Clocking {
  readonly timeline: Timeline
  readonly boundMs: number | undefined
  readonly observe: (value: unknown, cursor: Cursor) => number
  readonly ahead: ((timestamp: number) => boolean) | undefined
}

/** Where the line ends: a window operator behind a key, or anything that takes a value. */
export type End =
  | { readonly kind: 'grid'; readonly operator: GridOperator }
  | { readonly kind: 'operator'; readonly operator: Pick<WindowOperator, 'record'> }
  | { readonly kind: 'push'; readonly push: (value: unknown) => void }

/** What one source's records go through, without forks. */
export interface Line {
  readonly task: Task
  readonly steps: readonly Step[]
  readonly clocking: Clocking | undefined
  readonly end: End
}

/** The functions and objects that the text refers to, by name. */
type Bindings = Record<string, unknown>

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
    'return (records, from, to, tick) => {',
    ...indent(1, [
      ...timed(
        'let own = timeline.own',
        'const others = timeline.others',
        'let watermark = cursor.watermark',
        'let due = task.nextDue()',
      ),
      ...last.before,
      'try {',
      ...indent(1, [
        'for (let i = from; i < to; i++) {',
        ...indent(1, [
          ...timed(
            'if (tick !== undefined) {',
            ...indent(1, [
              SYNC,
              'if (tick(i)) {',
              ...indent(1, [...last.forget, 'watermark = cursor.watermark', 'due = task.nextDue()']),
              '}',
            ]),
            '}',
          ),
          'cursor.index = i',
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
      ...indent(1, [...last.after, ...timed('timeline.own = own', 'task.raise(watermark)')]),
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

/** A function that declares a second parameter gets meta that it may keep. */
function callText(name: string, fn: Fn): string {
  return fn.length >= 2 ? `${name}(value, cursor.keep())` : `${name}(value)`
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
        ...indent(1, ['timeline.own = own', 'task.raise(now)', 'due = task.nextDue()', ...forget]),
        '}',
      ]),
      '}',
    ]),
    '}',
  ]
}

/** Nothing is due, so this only tells the task where the watermark stands. */
const SYNC = 'if (watermark > cursor.watermark) task.raise(watermark)'

interface EndText {
  readonly before: readonly string[]
  readonly text: readonly string[]
  readonly after: readonly string[]
  /** What is known of windows is void. */
  readonly forget: readonly string[]
}

function endText(end: End, timed: boolean, rejects: Reject[], accounts: object[], bindings: Bindings): EndText {
  if (end.kind === 'grid') return gridText(end.operator, rejects, accounts, bindings)
  bindings['end'] = end.kind === 'push' ? end.push : end.operator
  const call = end.kind === 'push' ? 'end(value)' : 'end.record(key, id, value)'
  return {
    before: [],
    // What comes after reads the watermark, and may want to be looked at sooner.
    text: timed ? [SYNC, call, 'due = task.nextDue()'] : [call],
    after: [],
    forget: [],
  }
}

/** The windows of a grid, the one in use in variables: its bounds, its slots and its columns. */
function gridText(operator: GridOperator, rejects: Reject[], accounts: object[], bindings: Bindings): EndText {
  const { stage } = operator
  const columns = stage.spec.columns
  Object.assign(bindings, { operator, stage, account: stage.counters })
  const inlined = columns.every(({ kind }) => kind !== undefined)
  const arrays = inlined ? columns.flatMap(({ kind = 'count' }, i) => ARRAYS[kind].map((name) => `${name}${i}`)) : []
  const inputs = inlined
    ? columns.flatMap(({ of, kind }, i) => {
        if (of === undefined) return []
        Object.assign(bindings, { [`of${i}`]: of, badNumber })
        const bad = `if (!Number.isFinite(input${i})) throw badNumber(${JSON.stringify(kind)}, input${i})`
        return [`const input${i} = of${i}(value)`, bad]
      })
    : []
  // The extractors are functions of the window stage.
  const at = rejects.push(stage.outputs.reject) - 1
  accounts.push(stage.counters)
  const load = [
    'slots = table.slots',
    'counts = table.cells.records',
    'plain = table.plain',
    ...columns.flatMap(({ kind = 'count' }, i) =>
      inlined ? ARRAYS[kind].map((name, k) => `${name}${i} = table.cells.accumulators.columns[${i}].arrays[${k}]`) : [],
    ),
  ]
  const add = columns.flatMap(({ kind = 'count' }, i) => ADDS[kind](i))
  return {
    before: [
      'let table, slots, counts, plain = false',
      'let start = NaN, end = NaN',
      'let assigned = 0, onTime = 0',
      ...(arrays.length === 0 ? [] : [`let ${arrays.join(', ')}`]),
    ],
    forget: ['start = end = NaN'],
    text: [
      'if (!(timestamp >= start && timestamp < end)) {',
      ...indent(1, [
        SYNC,
        'table = operator.find(timestamp, key, value)',
        'if (table === undefined) {',
        ...indent(1, ['start = end = NaN', 'break line']),
        '}',
        'due = task.nextDue()',
        'start = table.start',
        'end = table.end',
        ...load,
      ]),
      '}',
      ...(inlined
        ? [
            ...(inputs.length === 0 ? [] : [`at = ${at}`, ...inputs, 'at = -1']),
            'let slot = slots.get(id)',
            'if (slot === undefined) {',
            ...indent(1, [
              'if (!stage.admit()) {',
              ...indent(1, ['assigned++', `stage.refuse(table.window, end, 'shed', key, value)`, 'break line']),
              '}',
              'slot = table.open(id, key)',
              ...load,
            ]),
            '}',
            ...add,
            'counts[slot]++',
            'assigned++',
            'if (plain) onTime++',
            'else {',
            ...indent(1, [SYNC, 'stage.added(table.cells, slot, table, table.wakes)']),
            '}',
          ]
        : [SYNC, 'if (operator.add(table, key, id, value)) assigned++']),
    ],
    after: ['account.assigned += assigned', 'account.assignments += assigned', 'account.onTime += onTime'],
  }
}

/** The arrays of built-in columns, and how a record is added to a slot. */
const ARRAYS: { readonly [K in ColumnKind]: readonly string[] } = {
  count: ['n'],
  sum: ['sum'],
  mean: ['sum', 'n'],
}
const ADDS: { readonly [K in ColumnKind]: (i: number) => readonly string[] } = {
  count: (i) => [`n${i}[slot]++`],
  sum: (i) => [`sum${i}[slot] += input${i}`],
  mean: (i) => [`sum${i}[slot] += input${i}`, `n${i}[slot]++`],
}

function indent(by: number, lines: readonly string[]): readonly string[] {
  return lines.map((line) => '  '.repeat(by) + line)
}

/** A function that makes the object of several results; each name is its own property, known from the start. */
export function fuseResult(
  names: readonly string[],
): ((columns: readonly Column[], slot: number) => unknown) | undefined {
  if (!mayGenerate()) return undefined
  const fields = names.map((name, i) => `${JSON.stringify(name)}: columns[${i}].result(slot)`)
  return made(['columns', 'slot'], `'use strict'\nreturn { ${fields.join(', ')} }`)
}
