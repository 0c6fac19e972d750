/** What explain() says of a pipeline before it runs, to the letter; and that what it says holds, under random scripts. */
import {
  type Pipeline,
  boundedOutOfOrderness,
  collected,
  hopping,
  latestValues,
  oneWindow,
  pipeline,
  session,
  together,
  tumbling,
} from '@tidemark/core'
import {
  afterCount,
  afterFirst,
  afterWatermark,
  atMostEvery,
  completeMode,
  continuousRefinement,
  earlyAndLate,
  emitOnClose,
  everyEventTime,
  never,
  onChange,
  orFinally,
  repeatedly,
  suppress,
} from '@tidemark/triggers'
import { describe, expect, test } from 'vitest'

interface View {
  readonly page: string
  readonly at: number
}
const views = pipeline('views')
  .from<View>([])
  .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('5s') })
  .keyBy((view) => view.page)

/** The text about one stage, without the head and the part about time. */
function stage(plan: { explain(): string }, name = 'window'): string {
  const block = plan
    .explain()
    .split('\n\n')
    .find((part) => part.startsWith(`'${name}':`))
  return (block ?? '').split('\n').slice(1).join('\n')
}

/** The row with a label, on one line. */
function row(plan: { explain(): string }, label: string, name?: string): string | undefined {
  const lines = stage(plan, name).split('\n')
  const at = lines.findIndex((line) => line.startsWith(`  ${label}  `))
  if (at === -1) return undefined
  const found = [lines[at]?.slice(label.length + 2).trim()]
  for (let i = at + 1; lines[i]?.startsWith('   ') === true; i++) found.push(lines[i]?.trim())
  return found.join(' ')
}

type Options = Parameters<typeof views.window>[1]
const counting = (options: unknown): Pipeline<unknown, View> =>
  views
    .window(tumbling('1m'), options as Options)
    .count()
    .to(collected() as never) as never

describe('whole texts', () => {
  test('early and late panes', () => {
    const plan = views
      .window(tumbling('1m'), { trigger: earlyAndLate({ earlyEvery: '10s' }), allowedLateness: '10m' })
      .lateTo(collected())
      .count()
      .to(latestValues())
      .to(collected(), { role: 'bestEffort', name: 'screen' })
    expect(plan.explain()).toBe(`pipeline 'views'
W is the watermark: no record before it is expected any more. A window is [start, end).

'window': tumbling(1m), earlyAndLate(earlyEvery: 10s)
  each pane holds       the whole value of its key and window so far; a newer pane takes its place
  in time, W < end      an early pane 10s of processing time after the first record that is pending
  complete, W ≥ end     the on-time pane, even if nothing came since the one before
  late, W < end + 10m   a late pane for every late record
  final, W ≥ end + 10m  nothing more, every update has been written
  too late, after that  to the late output with the reason, and counted by window (job.lateness())
  how many              per key and window: one per 10s of processing time before completion, one at
                        completion, one for every late record
  final is              a pane marked isLast; else what was written last, once the watermark that sinks are
                        told (progress) has reached end + 10m
  to 'latestValues'     primary: in order; with a checkpoint, once the interval is durable
  to 'screen'           at once, best effort: may lose panes, counted

Time ('eventTime'): boundedOutOfOrderness(5s)
  W is               5s behind the greatest event time so far; of several splits, that of the slowest
  a silent split     holds W back (there is no idleAfter)
  if W stands still  for 1m while windows wait, the job says so ('stalled')`)
  })

  test('minutes into hours', () => {
    const minutes = views
      .name('minutes')
      .window(tumbling('1m'), { trigger: emitOnClose(), allowedLateness: '10m' })
      .count()
    const hours = minutes
      .keyBy(() => 'all')
      .name('hours')
      .window(tumbling('1h'), { trigger: continuousRefinement({ completion: true }) })
      .sum((count) => count)
    const plan = together<unknown, unknown>(
      minutes.filter((count) => count > 1).to(latestValues()) as never,
      hours.to(latestValues()) as never,
    )
    expect(plan.explain()).toBe(`pipeline 'views'
W is the watermark: no record before it is expected any more. A window is [start, end).

'minutes': tumbling(1m), emitOnClose()
  each pane holds       the whole value of its key and window
  in time, W < end      nothing yet, it is kept
  complete, W ≥ end     nothing yet, the pane comes when the window is final
  late, W < end + 10m   nothing yet, it is kept
  final, W ≥ end + 10m  the one pane, marked isLast
  too late, after that  counted by window (job.lateness()), not kept: lateTo(sink) would keep it
  how many              per key and window: exactly one
  final is              a pane marked isLast; each key and window ends with one
  'filterResults'       a pane that does not pass is not written; what has passed before of its window is
                        withdrawn
  to 'hours'            its windows, every pane
  to 'latestValues'     primary: in order; with a checkpoint, once the interval is durable

'hours': tumbling(1h), continuousRefinement(completion)
  made of               results of 'minutes', each at the last instant of its window; each comes once
  W here                the watermark − 10m, so that no result of 'minutes' is late when it first comes
  results come          per key and window of 'minutes': exactly one
  each pane holds       the whole value of its key and window so far; a newer pane takes its place
  in time, W < end      an early pane for every result
  complete, W ≥ end     the on-time pane, even if nothing came since the one before
  late, W < end + 10m   none: each result of 'minutes' comes once, in time
  final, W ≥ end + 10m  nothing more, every update has been written
  too late, after that  none: what is too late has been refused by 'minutes'
  how many              per key and window: one for every result in time, one at completion
  final is              a pane marked isLast; else what was written last, once the watermark that sinks are
                        told (progress) has reached end + 10m
  to 'latestValues-2'   required: in order; with a checkpoint, once the interval is durable

Time ('eventTime'): boundedOutOfOrderness(5s)
  W is               5s behind the greatest event time so far; of several splits, that of the slowest
  a silent split     holds W back (there is no idleAfter)
  if W stands still  for 1m while windows wait, the job says so ('stalled')`)
  })

  test('results that are refined replace each other, early ones are left out', () => {
    const plan = views
      .name('minutes')
      .window(tumbling('1m'), { trigger: earlyAndLate({ earlyEvery: '10s' }), allowedLateness: '10m' })
      .count()
      .keyBy(() => 'all', { from: 'completion' })
      .name('hours')
      .window(tumbling('1h'), { accumulation: 'retracting' })
      .sum((count) => count)
      .to(latestValues())
    expect(stage(plan, 'hours'))
      .toBe(`  made of               results of 'minutes', each at the last instant of its window; a newer one of the same
                        key and window takes the place of the one before, a withdrawn one leaves again
  W here                the watermark itself: each result of 'minutes' comes in time, when its window is
                        complete at the latest
  results come          per key and window of 'minutes': one per 10s of processing time before completion, one
                        at completion, one for every late record (early ones are left out)
  each pane holds       the whole value of its key and window so far; before a newer one a retraction takes it
                        back
  in time, W < end      nothing yet, it is kept
  complete, W ≥ end     the on-time pane, if anything is pending
  late, W < end + 10m   a late pane for every late result
  final, W ≥ end + 10m  nothing more, every update has been written
  too late, after that  none: what is too late has been refused by 'minutes'
  how many              per key and window: one at completion, one for every late result
  withdrawn are         before each newer pane, the pane before; what was written of a window that has lost
                        all its results (a pane of kind 'retraction' says so)
  final is              a pane marked isLast; else what was written last, once the watermark that sinks are
                        told (progress) has reached end + 10m
  to 'latestValues'     primary: in order; with a checkpoint, once the interval is durable`)
  })

  test('sessions that are refined are withdrawn when they become others', () => {
    const plan = views
      .window(session('30m'), { trigger: continuousRefinement(), allowedLateness: '1h', closing: 'always' })
      .count()
      .to(latestValues())
    expect(stage(plan))
      .toBe(`  each pane holds       the whole value of its key and window so far; a newer pane takes its place
  in time, W ≤ end      an early pane for every record
  complete, W > end     nothing, every update has been written
  late, W ≤ end + 1h    a late pane for every late record
  final, W > end + 1h   a last pane, marked isLast, even if nothing is pending
  too late, after that  counted by window (job.lateness()), not kept: lateTo(sink) would keep it
  how many              per key and window: one for every record in time, one for every late record, one when
                        it is final; a session with new bounds counts anew
  withdrawn are         what was written of a session that has other bounds now or is part of another:
                        together with the next pane, at the latest when it would be final (a pane of kind
                        'retraction' says so)
  final is              a pane marked isLast; each key and window ends with one
  to 'latestValues'     primary: in order; with a checkpoint, once the interval is durable`)
  })

  test('a suppression buffer', () => {
    const trigger = suppress.untilTimeLimit('5m', { maxKeys: 10_000, onFull: 'emitEarly' })
    expect(stage(counting({ trigger, allowedLateness: '1h' })))
      .toBe(`  each pane holds       the whole value of its key and window so far; a newer pane takes its place
  in time, W < end      an early pane for every record, if the gate lets it pass
  complete, W ≥ end     nothing by itself: what the gate holds back waits on
  late, W < end + 1h    a late pane for every late record, if the gate lets it pass
  final, W ≥ end + 1h   what is pending, if anything is, in a pane marked isLast
  too late, after that  counted by window (job.lateness()), not kept: lateTo(sink) would keep it
  gate                  suppress.untilTimeLimit holds a pane back until 5m of event time after the first
                        record it shows; when the window is final it is not asked, and what it holds leaves
  buffer                at most 10,000 panes over all keys; beyond that those leave that have waited longest
  how many              per key and window: one for every record in time, one for every late record, one when
                        it is final; the gate lets through at most one per 5m of event time
  final is              a pane marked isLast; else what was written last, once the watermark that sinks are
                        told (progress) has reached end + 1h
  to 'collected'        primary: in order; with a checkpoint, once the interval is durable`)
  })

  test('a composed trigger that may finish, accepted', () => {
    const trigger = orFinally(repeatedly(afterCount(5)), afterWatermark())
    expect(stage(counting({ trigger, allowedLateness: '5m', allowDataLoss: true })))
      .toBe(`  each pane holds       the whole value of its key and window so far; a newer pane takes its place
  in time, W < end      an early pane once 5 records have come, again and again
  complete, W ≥ end     the on-time pane, if anything is pending
  late, W < end + 5m    a late pane if the window begins with a late record, and none after that
  final, W ≥ end + 5m   what is pending, if anything is, in a pane marked isLast
  too late, after that  counted by window (job.lateness()), not kept: lateTo(sink) would keep it
  data loss             accepted (allowDataLoss): afterWatermark() has no late part, but late records are
                        allowed; what comes then is kept, but not shown before the window is final
  how many              per key and window: one for every 5 records, one at completion, one when it is final
  final is              a pane marked isLast; else what was written last, once the watermark that sinks are
                        told (progress) has reached end + 5m
  to 'collected'        primary: in order; with a checkpoint, once the interval is durable`)
  })

  test('finalize', () => {
    const plan = views
      .finalize({
        window: ({ at }) => ({ start: at, end: at + 1 }),
        lag: '1h',
        allowedLateness: '2h',
        deleted: ({ page }) => page === '',
      })
      .to(latestValues())
    expect(stage(plan))
      .toBe(`  made of               updates that name their window; of a key and window the newest counts, by arrival
  W here                the watermark − 1h: an update is waited for until 1h after the end of its window
  each pane holds       the newest update of its key and window; a newer pane takes its place
  in time, W < end      nothing yet, it is kept
  complete, W ≥ end     the on-time pane, if anything is pending
  late, W < end + 2h    a late pane for every late update
  final, W ≥ end + 2h   nothing more, every update has been written
  too late, after that  counted by window (job.lateness()), not kept: the option lateTo would keep it
  how many              per key and window: one at completion, one for every late update
  withdrawn are         what was released, if the newest update is one that deleted() recognises (a pane of
                        kind 'retraction' says so)
  final is              a pane marked isLast; else what was written last, once the watermark that sinks are
                        told (progress) has reached end + 2h
  to 'latestValues'     primary: in order; with a checkpoint, once the interval is durable`)
  })

  test('one window, and records that pass', () => {
    const timed = pipeline('totals')
      .from<View>([])
      .eventTime({
        timestamp: (view) => view.at,
        watermark: boundedOutOfOrderness('5s'),
        idleAfter: '1m',
        whenAllIdle: 'advance',
        maxAhead: '5m',
        maxDrift: '1h',
      })
    const plan = together<unknown, unknown>(
      timed
        .keyBy((view) => view.page)
        .window(oneWindow(), { trigger: repeatedly(afterCount(100)), accumulation: 'discarding' })
        .count()
        .to(collected()) as never,
      timed.to(collected()) as never,
    )
    expect(plan.explain()).toBe(`pipeline 'totals'
W is the watermark: no record before it is expected any more. A window is [start, end).

'window': oneWindow(), repeatedly(afterCount(100))
  each pane holds      what came since the pane before (kind 'delta'); all of them add up to the whole
  in time, always      an early pane once 100 records have come, again and again
  at the end of input  what is pending, in an on-time pane marked isLast; nothing if all has been written
  how many             per key and window: one for every 100 records, one at the end of input
  final is             what was written last, when the input has ended
  to 'collected'       primary: in order; with a checkpoint, once the interval is durable

Records: each that passes is written when it comes.
  to 'collected-2'  required: in order; with a checkpoint, once the interval is durable

Time ('eventTime'): boundedOutOfOrderness(5s)
  W is               5s behind the greatest event time so far; of several splits, that of the slowest
  a silent split     with nothing more to read for 1m does not hold W back; when all are silent, W goes on
                     with processing time
  a fast split       waits while it is more than 1h ahead of the slowest
  a wrong clock      a record more than 5m ahead of its arrival does not move W; it is counted
  if W stands still  for 1m while windows wait, the job says so ('stalled')`)
  })
})

describe('what changes the text', () => {
  test('how many panes a window can have', () => {
    const many = (options: unknown): string | undefined => row(counting(options), 'how many')
    const late = { allowedLateness: '10m' }
    expect(many({})).toBe('per key and window: exactly one')
    expect(many(late)).toBe('per key and window: one at completion, one for every late record')
    expect(many({ ...late, trigger: emitOnClose() })).toBe('per key and window: exactly one')
    expect(many({ ...late, trigger: never() })).toBe('per key and window: exactly one')
    expect(many({ trigger: continuousRefinement() })).toBe('per key and window: one for every record in time')
    expect(many({ trigger: continuousRefinement(), closing: 'always' })).toBe(
      'per key and window: one for every record in time, one at completion',
    )
    expect(many({ ...late, trigger: earlyAndLate({ earlyEvery: '10s', lateEvery: '1m' }) })).toBe(
      'per key and window: one per 10s of processing time before completion, one at completion, one per 1m of processing time after it, one when it is final',
    )
    expect(many({ ...late, trigger: everyEventTime('5m') })).toBe(
      'per key and window: one for every 5m of event time in which something came, one at completion, one for every late record, one when it is final',
    )
    expect(many({ trigger: everyEventTime('5m') })).toBe(
      'per key and window: one for every 5m of event time in which something came, one at completion',
    )
    expect(many({ trigger: completeMode({ every: '1m' }) })).toBe(
      'per key and window: one per 1m of processing time while the window is live, one at completion',
    )
    expect(many({ trigger: repeatedly(afterFirst(afterWatermark({ early: afterCount(3) }), afterCount(7))) })).toBe(
      'per key and window: one for every 3 records before completion, one at completion, one for every 7 records',
    )
    expect(many({ trigger: continuousRefinement(), gate: onChange() })).toBe(
      'per key and window: one for every record in time, one at completion; the gate lets through only those whose value has changed',
    )
  })

  test('a gate says what it does with panes, and where it is not asked', () => {
    expect(row(counting({ trigger: continuousRefinement({ completion: true }), gate: onChange() }), 'gate')).toBe(
      'onChange swallows a pane whose value is that of the pane before; at completion and when the window is final it is not asked',
    )
    expect(row(counting({ trigger: continuousRefinement(), gate: atMostEvery('10s') }), 'gate')).toBe(
      'atMostEvery holds a pane back until 10s of processing time after the one before, with what comes meanwhile; when the window is final it is not asked, and what it holds leaves',
    )
    const own = { kind: 'mine', decide: () => 'emit', emitted: () => 0 } as const
    expect(row(counting({ trigger: continuousRefinement(), gate: own }), 'gate')).toBe(
      'mine decides which panes wait; when the window is final it is not asked, and what it holds leaves',
    )
  })

  test('a trigger of your own without words is named', () => {
    const { words: _, ...trigger } = repeatedly(afterCount(2))
    const plan = counting({ trigger: { ...trigger, kind: 'mine' } })
    expect(row(plan, 'a pane comes')).toBe('when mine says so')
    expect(row(plan, 'how many')).toBe('per key and window: as many as mine says, one when it is final')
  })

  test('each phase of a composed trigger by itself, where it has phases', () => {
    const plan = counting({ trigger: repeatedly(afterWatermark({ early: afterCount(5) })), allowedLateness: '5m' })
    expect(row(plan, 'in time, W < end')).toBe('an early pane once 5 records have come, again and again')
    expect(row(plan, 'complete, W ≥ end')).toBe('the on-time pane, if anything is pending')
    expect(row(plan, 'late, W < end + 5m')).toBe('a late pane for every late record')
  })

  test('records without a window, and state that is bounded by shedding', () => {
    const plan = views
      .window(hopping('1m', { every: '5m' }), { maxKeys: 10_000, whenFull: 'shed' })
      .count()
      .to(latestValues())
    expect(row(plan, 'in no window')).toBe('a record between two windows: counted (noWindow)')
    expect(row(plan, 'no room')).toBe('beyond 10,000 keys and windows: as what is too late, but counted as shed')
  })

  test('sessions over which windows stand are behind by a millisecond', () => {
    const plan = views
      .name('visits')
      .window(session('30m'), { trigger: emitOnClose(), allowedLateness: '10m' })
      .count()
      .keyBy(() => 'all')
      .name('hours')
      .window(tumbling('1h'))
      .count()
      .to(latestValues())
    expect(row(plan, 'W here', 'hours')).toBe(
      "the watermark − 10m and 1ms, so that no result of 'visits' is late when it first comes",
    )
    expect(row(plan, 'made of', 'hours')).toBe(
      "results of 'visits', each at the last instant of its window; each comes once",
    )
  })

  test('sinks have the roles that the job gives them', () => {
    const count = views.window(tumbling('1m')).count()
    const plan = count.to(collected(), { role: 'bestEffort' }).to(latestValues())
    expect(row(plan, "to 'collected'")).toContain('best effort')
    expect(row(plan, "to 'latestValues'")).toContain('primary')
    expect(plan.describe()).toContain('sink: latestValues, primary')
  })

  test('a filter withdraws nothing of results that are differences', () => {
    const count = views.window(tumbling('1m'), { accumulation: 'discarding' }).count()
    expect(row(count.filter((n) => n > 1).to(collected()), "'filterResults'")).toBe(
      'a pane that does not pass is not written, and nothing is withdrawn: panes are differences',
    )
    const late = views.window(tumbling('1m'), { accumulation: 'discarding', allowedLateness: '1m' }).count()
    expect(row(late.to(collected()), 'final is')).toContain('a pane marked isLast, together with all before it; else')
  })
})
