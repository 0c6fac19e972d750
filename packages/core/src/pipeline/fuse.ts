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
import type { GridOperator } from '../operator/grid-operator.ts'
import type { Clocking, End, Line, Step } from '../operator/line.ts'
import type { RunRecords } from '../operator/task-parts.ts'
import { copyKey, keyId } from '../state/key.ts'
import { badTimestamp } from '../time/timestamp.ts'
import type { Reject } from '../operator/rejects.ts'
import type { SessionOperator } from '../operator/session-operator.ts'
import { WAITING, type WindowStage } from '../operator/window-stage.ts'
import { IN_TIME, PENDING } from '../pane/numbering.ts'

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
          `if (tick !== undefined && tick(i, ${clocking === undefined ? '-Infinity' : 'watermark'})) {`,
          ...indent(1, [...last.forget, ...timed('watermark = cursor.watermark', 'due = task.nextDue()')]),
          '}',
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
function callText(name: string, fn: Step['fn']): string {
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
  const session = end.kind === 'session' ? sessionText(end.operator, rejects, accounts, bindings) : undefined
  if (session !== undefined) return session
  const call = end.kind === 'push' ? 'end(value)' : 'end.record(key, id, value)'
  return {
    before: [],
    // What comes after reads the watermark, and may want to be looked at sooner.
    text: timed ? [SYNC, call, 'due = task.nextDue()'] : [call],
    after: [],
    forget: [],
  }
}

/** What a line does per record with the columns of a stage, where all of them are simple. */
interface ColumnsText {
  readonly variables: readonly string[]
  /** Puts the arrays of `cells` into variables. */
  readonly load: readonly string[]
  /** Runs the user's functions on the record, under the window stage's policy. */
  readonly inputs: readonly string[]
  readonly add: readonly string[]
}

function columnsText(
  stage: WindowStage,
  rejects: Reject[],
  accounts: object[],
  bindings: Bindings,
): ColumnsText | undefined {
  const { columns } = stage.spec
  if (columns.some(({ kind }) => kind === undefined)) return undefined
  const at = rejects.push(stage.outputs.reject) - 1
  accounts.push(stage.counters)
  const kinds = columns.map(({ kind = 'count' }) => kind)
  const inputs = columns.flatMap(({ of, kind }, i) => {
    if (of === undefined) return []
    Object.assign(bindings, { [`of${i}`]: of, badNumber })
    const bad = `if (!Number.isFinite(input${i})) throw badNumber(${JSON.stringify(kind)}, input${i})`
    return [`const input${i} = of${i}(value)`, bad]
  })
  return {
    variables: ['counts', 'flags', ...kinds.flatMap((kind, i) => ARRAYS[kind].map((name) => `${name}${i}`))],
    load: [
      'counts = cells.records',
      'flags = cells.flags',
      ...kinds.flatMap((kind, i) =>
        ARRAYS[kind].map((name, k) => `${name}${i} = cells.accumulators.columns[${i}].arrays[${k}]`),
      ),
    ],
    inputs: inputs.length === 0 ? [] : [`at = ${at}`, ...inputs, 'at = -1'],
    add: [...kinds.flatMap((kind, i) => ADDS[kind](i)), 'counts[slot]++', 'assigned++'],
  }
}

const ACCOUNT = ['account.assigned += assigned', 'account.assignments += assigned', 'account.onTime += onTime']

/** The windows of a grid, the one in use in variables: its bounds, its slots and its columns. */
function gridText(operator: GridOperator, rejects: Reject[], accounts: object[], bindings: Bindings): EndText {
  const { stage } = operator
  Object.assign(bindings, { operator, stage, account: stage.counters })
  const columns = columnsText(stage, rejects, accounts, bindings)
  const asked = stage.asksForWatermarks ? ['due = task.nextDue()'] : []
  const load = ['cells = table.cells', 'slots = table.slots', 'plain = table.plain', ...(columns?.load ?? [])]
  return {
    before: [
      `let table, cells, slots, plain = false, start = NaN, end = NaN, assigned = 0, onTime = 0`,
      ...(columns === undefined ? [] : [`let ${columns.variables.join(', ')}`]),
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
      ...(columns === undefined
        ? [SYNC, 'if (operator.add(table, key, id, value)) assigned++', ...asked]
        : [
            ...columns.inputs,
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
            ...columns.add,
            'if (plain) onTime++',
            ...waitingText(stage),
            'else {',
            ...indent(1, [SYNC, 'stage.added(cells, slot, table, table.wakes)', ...asked]),
            '}',
          ]),
    ],
    after: ACCOUNT,
  }
}

/** Where early panes wait for a time, and this slot's does already, the record is only noted. */
function waitingText({ options: { trigger }, heldBack }: WindowStage): readonly string[] {
  if (typeof trigger.fastPath?.early !== 'object' || heldBack !== undefined) return []
  return [
    `else if (!table.complete && (flags[slot] & ${WAITING}) !== 0) {`,
    ...indent(1, [`flags[slot] |= ${PENDING | IN_TIME}`, 'onTime++']),
    '}',
  ]
}

/** Sessions: a record that only makes its key's one open session longer, all else by the operator. */
function sessionText(
  { stage, windows, gapMs }: SessionOperator,
  rejects: Reject[],
  accounts: object[],
  bindings: Bindings,
): EndText | undefined {
  if (!stage.plain || gapMs === undefined) return undefined
  const columns = columnsText(stage, rejects, accounts, bindings)
  if (columns === undefined) return undefined
  Object.assign(bindings, { stage, windows, account: stage.counters })
  const load = [
    'store = windows.store',
    'cells = store.cells',
    'starts = store.start',
    'ends = store.end',
    'nexts = store.next',
    'complete = store.complete',
    ...columns.load,
  ]
  return {
    before: [
      `let store, cells, starts, ends, nexts, complete, ${columns.variables.join(', ')}`,
      'let assigned = 0, onTime = 0',
      ...load,
      'const { heads } = store',
    ],
    forget: [],
    text: [
      `const stop = timestamp + ${gapMs}`,
      'const slot = heads.get(id)',
      'if (slot !== undefined && nexts[slot] === -1 && complete[slot] === 0 && starts[slot] <= stop && timestamp <= ends[slot]) {',
      ...indent(1, [
        ...columns.inputs,
        ...columns.add,
        'onTime++',
        'if (timestamp < starts[slot]) starts[slot] = timestamp',
        'if (stop > ends[slot]) ends[slot] = stop',
        `flags[slot] |= ${PENDING | IN_TIME}`,
      ]),
      '} else {',
      ...indent(1, [SYNC, 'end.record(key, id, value)', 'due = task.nextDue()', ...load]),
      '}',
    ],
    after: ACCOUNT,
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
