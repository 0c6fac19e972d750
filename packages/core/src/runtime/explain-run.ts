/**
 * Owns the answer to "why does nothing come?" while a job runs: where time stands, which split holds it back, what a
 * window waits for, and how much every stage has taken and written. It only looks.
 */
import { timeText, windowText } from '../operator/window-text.ts'
import type { SplitClock, Timeline } from '../operator/timeline.ts'
import { inTable } from '../pipeline/columns.ts'
import type { Compiled } from '../pipeline/compile.ts'
import { metricsOf } from '../pipeline/metrics.ts'
import { delayOf, delayText, windowOf } from '../pipeline/over-results.ts'
import type { WindowNode } from '../pipeline/plan.ts'
import { showMs } from '../time/duration.ts'
import { AFTER_ALL } from '../time/timestamp.ts'
import { isMerging } from '../window/assigner.ts'
import type { TimeWindow } from '../window/window.ts'

/** Splits named one by one; beyond that only counted. */
const MOST_NAMED = 5
const GOES_ON = "goes on with processing time (whenAllIdle: 'advance')"

/** A split with the time stage it belongs to. */
interface Placed {
  readonly clock: SplitClock
  readonly timeline: Timeline
}

/** `stalledSince`: the watermark has stood still since then although something waits. */
export function explainRun(compiled: Compiled, stalledSince: number | undefined, window?: TimeWindow): string {
  return [
    ...time(compiled, stalledSince),
    ...(window === undefined ? [] : ['', ...about(compiled, window)]),
    ...volume(compiled),
  ].join('\n')
}

function time({ task }: Compiled, stalledSince: number | undefined): readonly string[] {
  const { watermark, now } = task.cursor
  if (watermark === AFTER_ALL) return ['The input has ended: every window is complete.']
  const lines = [`The watermark is ${Number.isFinite(watermark) ? timeText(watermark) : 'not known yet'}.`]
  if (stalledSince !== undefined)
    lines.push(`It has stood still since ${timeText(stalledSince)} although something waits.`)
  const splits = placed(task.timelines)
  const slowest = task.watermarks.slowest()
  const holder = splits.find(({ clock }) => clock.split === slowest)
  if (slowest !== undefined) {
    const proven = Number.isFinite(slowest.watermark)
      ? `has proven ${timeText(slowest.watermark)}`
      : `has ${holder !== undefined && holder.clock.activeAt > holder.clock.movedAt ? 'proven' : 'delivered'} nothing yet`
    const since = holder === undefined ? '' : `; ${lastRecord(holder, now)}`
    lines.push(`Split '${slowest.name}' holds it back: it ${proven}${since}.`)
  } else if (splits.length > 0)
    lines.push(
      `No split is active: ${Number.isFinite(task.advanced) ? `it ${GOES_ON}` : 'it holds until one delivers'}.`,
    )
  const out = splits.filter(({ clock }) => clock.split.state !== 'active')
  for (const { clock } of out.slice(0, MOST_NAMED))
    lines.push(`Split '${clock.split.name}' is ${clock.split.state} and does not count.`)
  if (out.length > MOST_NAMED) lines.push(`${out.length - MOST_NAMED} more splits do not count.`)
  return lines
}

function lastRecord({ clock }: Placed, now: number): string {
  const { activeAt, movedAt } = clock
  const since = (time: number): string => `${timeText(time)}, ${spanText(now - time)} ago`
  const state = clock.paused
    ? ', and it is paused, too far ahead of others'
    : clock.caughtUp
      ? ', it has nothing more to read'
      : ''
  const proves = Number.isFinite(clock.split.watermark)
  if (activeAt === movedAt)
    return `${proves ? 'its last record came' : 'it has been there since'} ${since(activeAt)}${state}`
  const still = proves ? 'its watermark has stood still since' : 'it has been there since'
  return `its last record came ${since(activeAt)}, ${still} ${since(movedAt)}${state}`
}

/** Where the stages stand that can have the window. */
function about(compiled: Compiled, window: TimeWindow): readonly string[] {
  const stages = compiled.windows.filter(({ node }) => fits(node, window))
  if (stages.length > 0) return stages.flatMap((stage) => standing(compiled, stage, window))
  const kinds = compiled.windows.map(({ name, node }) => `'${name}' has ${node.assigner.kind}`)
  return [
    `No stage has the window ${windowText(window)}: ${kinds.length === 0 ? 'there are no windows' : kinds.join(', ')}.`,
  ]
}

/** Whether a window with these bounds can be one of a stage's; where only records tell, it can. */
function fits({ assigner }: WindowNode, { start, end }: TimeWindow): boolean {
  const { shape } = assigner
  switch (shape.type) {
    case 'grid':
      return shape.startOf(start) === start && shape.endOf(start) === end
    case 'hopping':
      return end - start === shape.sizeMs && (start - shape.offsetMs) % shape.everyMs === 0
    case 'session':
      return end - start >= shape.gapMs
    case 'byRecord':
      return end - start === shape.sizeMs
    case 'one':
      return false
    case 'custom':
      return true
  }
}

function standing(
  { task, names }: Compiled,
  { name, node }: Compiled['windows'][number],
  window: TimeWindow,
): readonly string[] {
  const { watermark } = task.cursor
  const delayMs = delayOf(node)
  const completes = window.end + (isMerging(node.assigner) ? 1 : 0) + delayMs
  const frees = completes + node.latenessMs
  const here = `In '${name}' the window ${windowText(window)}`
  if (watermark >= frees) return [`${here} is final: its state is gone.`]
  if (watermark >= completes)
    return [`${here} is complete; late records update it until the watermark reaches ${timeText(frees)}.`]
  const toGo = Number.isFinite(watermark) ? ` (${spanText(completes - watermark)} to go)` : ''
  const reason = delayMs === 0 ? '' : `, ${delayText(delayMs)} after its end: ${whyLater(node, names)}`
  return [
    `${here} waits for the watermark to reach ${timeText(completes)}${toGo}${reason}.`,
    ...remedy(task, completes),
  ]
}

function whyLater(node: WindowNode, names: Compiled['names']): string {
  if (node.from.op === 'keyBy') return 'so long updates are waited for'
  return `until then results of '${names.get(windowOf(node.from.from))}' may come`
}

/** What would complete a window: what splits that have not come so far would have to deliver, or silence. */
function remedy(task: Compiled['task'], completes: number): readonly string[] {
  const splits = placed(task.timelines)
  const active = splits.filter(({ clock }) => clock.split.state === 'active')
  const idle = splits.filter(({ clock }) => clock.split.state === 'idle')
  if (active.length === 0) return idle.length === 0 ? [] : whileIdle(task, idle, completes)
  const behind = active.filter(({ clock }) => clock.split.watermark < completes)
  if (behind.length === 0) return []
  const advances = task.timelines.every(({ options }) => options.whenAllIdle === 'advance')
  // Should they all fall silent, no split is active.
  const all = behind.length === active.length
  const lone = active.length === 1
  const holdsThen = all && behind.every(({ clock }) => clock.caughtUp)
  return [
    'What would complete it, from each of these splits:',
    ...named(behind, (placed) => {
      const { idleAfterMs } = placed.timeline.options
      const end = lone && idle.length > 0 ? '' : ', or its end'
      if (idleAfterMs !== undefined)
        return `${record(placed, completes)}${end}${lone && !advances ? '' : `, or ${showMs(idleAfterMs)} of silence once it has nothing more to read (idleAfter)`}`
      const option = holdsThen ? "idleAfter with whenAllIdle: 'advance'" : 'idleAfter'
      return `${record(placed, completes)}${end}${placed.clock.caughtUp ? `, or ${option} in eventTime, for it has nothing more to read` : ''}`
    }),
    ...(all && behind.every(({ timeline }) => timeline.options.idleAfterMs !== undefined)
      ? [`  while no split is active, the watermark ${advances ? GOES_ON : "holds (whenAllIdle: 'hold')"}`]
      : []),
  ]
}

/** The same while no split is active: one that delivers is the only one that counts. */
function whileIdle(task: Compiled['task'], idle: readonly Placed[], completes: number): readonly string[] {
  const { advanced, cursor } = task
  const toGo = Number.isFinite(advanced)
    ? [`  ${spanText(completes - Math.max(advanced, cursor.watermark))} more of silence, for the watermark ${GOES_ON}`]
    : []
  return [
    'What would complete it, from any one of these splits, or the end of all of them:',
    ...named(idle, (placed) => (placed.clock.split.watermark < completes ? record(placed, completes) : 'a record')),
    ...toGo,
  ]
}

function named(splits: readonly Placed[], says: (placed: Placed) => string): readonly string[] {
  const lines = splits.slice(0, MOST_NAMED).map((placed) => `  split '${placed.clock.split.name}': ${says(placed)}`)
  const more = splits.length - lines.length
  return more === 0 ? lines : [...lines, `  and ${more} more splits`]
}

/** The record that would prove that time has come so far. */
function record({ timeline }: Placed, completes: number): string {
  const { watermark, maxAheadMs } = timeline.options
  const { boundMs } = watermark
  const believed =
    maxAheadMs === undefined
      ? ''
      : ` (one more than ${showMs(maxAheadMs)} ahead of its arrival does not count: maxAhead)`
  return `a record ${boundMs === undefined ? 'that proves it' : `of ${timeText(completes + boundMs)} or later`}${believed}`
}

/** What came and what was written, stage by stage. */
function volume(compiled: Compiled): readonly string[] {
  const { windows } = compiled
  if (windows.length === 0) return []
  const metrics = metricsOf(compiled, 0)
  const over = windows.some(({ node }) => node.from.op === 'keyResults')
  const of = (name: string, what: string): string => String(metrics.get(`${name}.${what}`) ?? '–')
  const columns: readonly (readonly [head: string, what: string])[] = [
    ['records', 'records'],
    ['too late', 'tooLate'],
    ['early panes', 'earlyPanes'],
    ['on-time', 'onTimePanes'],
    ['late', 'latePanes'],
    ['of them last', 'lastPanes'],
    ['retractions', 'retractions'],
    ...(over
      ? ([
          ['replaced', 'replaced'],
          ['withdrawn', 'withdrawn'],
        ] as const)
      : []),
  ]
  const lines = inTable(
    columns.map(([head]) => head),
    windows.map(({ name }) => [name, ...columns.map(([, what]) => of(name, what))]),
  )
  const held = windows.filter(({ operator }) => operator.stage.held > 0)
  return [
    '',
    'Counted so far:',
    ...lines,
    ...held.map(({ name, operator }) => `  The gate of '${name}' holds back ${operator.stage.held} of its panes.`),
  ]
}

function placed(timelines: readonly Timeline[]): readonly Placed[] {
  return timelines.flatMap((timeline) => [...timeline.clocks.values()].map((clock) => ({ clock, timeline })))
}

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
]

/** A span for people: its two greatest units, '1h 5m'; below a second in ms. */
function spanText(spanMs: number): string {
  const at = UNITS.findIndex(([, unitMs]) => spanMs >= unitMs)
  if (at === -1) return `${Math.max(0, Math.round(spanMs))}ms`
  const [name, unitMs] = UNITS[at] as (typeof UNITS)[number]
  const whole = `${Math.floor(spanMs / unitMs)}${name}`
  const next = UNITS[at + 1]
  const rest = next === undefined ? 0 : Math.floor((spanMs % unitMs) / next[1])
  return next === undefined || rest === 0 ? whole : `${whole} ${rest}${next[0]}`
}
