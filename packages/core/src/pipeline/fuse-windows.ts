/**
 * Owns the text of a line's end: how a record is added to the windows in use, for each kind of window that has a short
 * way. What it cannot do in variables it leaves to the operator.
 */
import type { ColumnKind } from '../aggregate/aggregator.ts'
import { badNumber } from '../aggregate/extract.ts'
import type { GridOperator } from '../operator/grid-operator.ts'
import type { HoppingOperator } from '../operator/hopping-operator.ts'
import { type End, showsEach, waitsForTime } from '../operator/line-end.ts'
import type { Reject } from '../operator/rejects.ts'
import { ALONE, VACANT } from '../operator/slot-store.ts'
import type { SessionOperator } from '../operator/session-operator.ts'
import { WAITING, type WindowStage } from '../operator/window-stage.ts'
import { IN_TIME, PENDING } from '../pane/numbering.ts'

/** The functions and objects that a text refers to, by name. */
export type Bindings = Record<string, unknown>

/** Nothing is due, so this only tells the task where the watermark stands. */
const SYNC = 'if (watermark > cursor.watermark) task.raise(watermark)'
/** An operator was called: it may want to be looked at sooner. */
export const LOOK = 'due = task.nextDue(); quiet = -Infinity'

export interface EndText {
  readonly before: readonly string[]
  readonly text: readonly string[]
  readonly after: readonly string[]
  /** What is known of windows is void. */
  readonly forget: readonly string[]
}

/** The end of a line. `rejects` and `accounts` get what it needs beside those of the stages. */
export function endText(end: End, timed: boolean, rejects: Reject[], accounts: object[], bindings: Bindings): EndText {
  if (end.kind === 'grid') return gridText(end.operator, rejects, accounts, bindings)
  bindings['end'] = end.kind === 'push' ? end.push : end.operator
  const known =
    end.kind === 'session'
      ? sessionText(end.operator, rejects, accounts, bindings)
      : end.kind === 'hopping'
        ? hoppingText(end.operator, rejects, accounts, bindings)
        : undefined
  if (known !== undefined) return known
  const call = end.kind === 'push' ? 'end(value)' : 'end.record(key, id, value)'
  return {
    before: [],
    text: timed ? [SYNC, call, LOOK] : [call, 'quiet = -Infinity'],
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
  /** What a slot's results are. */
  readonly value: string
}

function columnsText(
  stage: WindowStage,
  rejects: Reject[],
  accounts: object[],
  bindings: Bindings,
): ColumnsText | undefined {
  const { columns, names } = stage.spec
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
    value:
      names === undefined
        ? kinds.map((kind) => RESULTS[kind](0)).join()
        : `{ ${kinds.map((kind, i) => `${JSON.stringify(names[i])}: ${RESULTS[kind](i)}`).join(', ')} }`,
  }
}

const ACCOUNT = ['account.assigned += assigned', 'account.assignments += assigned', 'account.onTime += onTime']

/** The windows of a grid, the one in use in variables: its bounds, its slots and its columns. */
function gridText(operator: GridOperator, rejects: Reject[], accounts: object[], bindings: Bindings): EndText {
  const { stage } = operator
  Object.assign(bindings, { operator, stage, account: stage.counters })
  const columns = columnsText(stage, rejects, accounts, bindings)
  const load = [
    'cells = table.cells',
    'slots = table.slots',
    'plain = table.plain',
    'early = !table.complete',
    ...(columns?.load ?? []),
  ]
  // A trigger or gate may have asked for a watermark that comes sooner.
  const look = stage.asksForWatermarks ? LOOK : 'quiet = -Infinity'
  return {
    before: [
      `let table, cells, slots, plain = false, early = false, start = NaN, end = NaN, assigned = 0, onTime = 0`,
      ...(columns === undefined ? [] : [`let ${columns.variables.join(', ')}`]),
    ],
    forget: ['start = end = NaN'],
    text: [
      'if (!(timestamp >= start && timestamp < end)) {',
      ...indent(1, [
        SYNC,
        'table = operator.find(timestamp, key, value)',
        LOOK,
        'if (table === undefined) {',
        ...indent(1, ['start = end = NaN', 'break line']),
        '}',
        'start = table.start',
        'end = table.end',
        ...load,
      ]),
      '}',
      ...(columns === undefined
        ? [SYNC, 'if (operator.add(table, key, id, value)) assigned++', look]
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
            ...earlyText(stage, columns.value),
            'else {',
            ...indent(1, [SYNC, 'stage.added(cells, slot, table, table.wakes)', look]),
            '}',
          ]),
    ],
    after: ACCOUNT,
  }
}

/** A record of a window that is to come: noted where a pane of its slot waits for its time already, shown where each is. */
function earlyText(stage: WindowStage, value: string): readonly string[] {
  if (showsEach(stage))
    return [
      'else if (!table.complete) {',
      ...indent(1, [
        'onTime++',
        `stage.publisher.early(cells, slot, table.window, { watermark, now: stage.cursor.now }, ${value})`,
      ]),
      '}',
    ]
  if (waitsForTime(stage))
    return [
      `else if (early && (flags[slot] & ${WAITING}) !== 0) {`,
      ...indent(1, [`flags[slot] |= ${PENDING | IN_TIME}`, 'onTime++']),
      '}',
    ]
  return []
}

/** Slices of hopping windows: the one in use in variables while all its windows are to come, all else by the operator. */
function hoppingText(
  operator: HoppingOperator,
  rejects: Reject[],
  accounts: object[],
  bindings: Bindings,
): EndText | undefined {
  const { stage } = operator
  const columns = columnsText(stage, rejects, accounts, bindings)
  if (columns === undefined) return undefined
  Object.assign(bindings, { stage, account: stage.counters })
  const load = ['cells = slice.cells', 'slots = slice.slots', ...columns.load]
  const forget = ['start = stop = NaN']
  const byOperator = [SYNC, 'end.record(key, id, value)', LOOK, ...forget, 'break line']
  return {
    before: [
      `let slice, cells, slots, ${columns.variables.join(', ')}`,
      'let start = NaN, stop = NaN, windows = 0, assigned = 0, onTime = 0',
    ],
    forget,
    text: [
      'if (!(timestamp >= start && timestamp < stop)) {',
      ...indent(1, [
        SYNC,
        'const entered = end.enter(timestamp)',
        LOOK,
        'if (entered === undefined) {',
        ...indent(1, byOperator),
        '}',
        '({ slice, windows, start, end: stop } = entered)',
        ...load,
      ]),
      '}',
      'let slot = slots.get(id)',
      'if (slot === undefined) {',
      ...indent(1, byOperator),
      '}',
      ...columns.inputs,
      ...columns.add,
      'onTime += windows',
    ],
    after: ['account.assigned += assigned', 'account.assignments += onTime', 'account.onTime += onTime'],
  }
}

/**
 * Sessions: a record that begins one where its key has none, or makes its key's only one longer, while that is not
 * complete; all else by the operator.
 */
function sessionText(
  operator: SessionOperator,
  rejects: Reject[],
  accounts: object[],
  bindings: Bindings,
): EndText | undefined {
  const { stage, gapMs } = operator
  if (!stage.plain || gapMs === undefined) return undefined
  const columns = columnsText(stage, rejects, accounts, bindings)
  if (columns === undefined) return undefined
  Object.assign(bindings, { stage, windows: operator.windows, account: stage.counters })
  const load = [
    'store = windows.store',
    'cells = store.cells',
    'starts = store.start',
    'ends = store.end',
    'busy = store.busy',
    ...columns.load,
  ]
  return {
    before: [
      `let store, cells, starts, ends, busy, ${columns.variables.join(', ')}`,
      'let assigned = 0, onTime = 0',
      ...load,
      'const { heads } = store',
    ],
    forget: [],
    text: [
      `const stop = timestamp + ${gapMs}`,
      'let slot = heads.get(id)',
      `const fresh = slot === undefined || busy[slot] === ${VACANT}`,
      'if (',
      ...indent(1, [
        'fresh',
        '  ? watermark <= stop',
        `  : busy[slot] === ${ALONE} && timestamp <= ends[slot] && (stop >= ends[slot] || starts[slot] <= stop)`,
      ]),
      ') {',
      ...indent(1, [
        ...columns.inputs,
        'if (fresh) {',
        ...indent(1, [
          'if (!stage.admit()) {',
          ...indent(1, [
            'assigned++',
            SYNC,
            `stage.refuse(Object.freeze({ start: timestamp, end: stop }), stop, 'shed', key, value)`,
            'break line',
          ]),
          '}',
          'slot = windows.begin(id, key, timestamp, stop, slot ?? -1)',
          'if (windows.nextDue < due) due = windows.nextDue',
          'if (starts !== store.start) {',
          ...indent(1, load),
          '}',
        ]),
        '} else if (stop > ends[slot]) ends[slot] = stop',
        'else if (timestamp < starts[slot]) starts[slot] = timestamp',
        ...columns.add,
        'onTime++',
        `flags[slot] |= ${PENDING | IN_TIME}`,
      ]),
      '} else {',
      ...indent(1, [SYNC, 'end.record(key, id, value)', LOOK, ...load]),
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
const RESULTS: { readonly [K in ColumnKind]: (i: number) => string } = {
  count: (i) => `n${i}[slot]`,
  sum: (i) => `sum${i}[slot]`,
  mean: (i) => `sum${i}[slot] / n${i}[slot]`,
}

export function indent(by: number, lines: readonly string[]): readonly string[] {
  return lines.map((line) => '  '.repeat(by) + line)
}
