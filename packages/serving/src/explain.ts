/** Owns the answer to "when is each tier written, and what does late data do?", before anything runs. */
import type { ColdStore, HotStore, Pipeline, ResultsLog } from '@tidemark/core'
import type { ColdWrites } from './cold-writes.ts'
import type { WriterView } from './view.ts'

export interface ExplainOptions {
  readonly results: Pipeline<never>
  readonly view: WriterView
  readonly log: ResultsLog | undefined
  readonly hot: HotStore
  readonly cold: ColdStore
  readonly coldWrites: ColdWrites
  readonly settings: { readonly leaseMs: number; readonly longestQueryMs: number; readonly overlapMs: number }
}

export function explainTiers(options: ExplainOptions): string {
  const { results, view, log, hot, cold, coldWrites } = options
  const serves = spanText(hot.serveForMs)
  const head = [
    `tiers of '${view.name}': hot ${hot.kind}, cold ${cold.kind}, ${log === undefined ? 'written directly, without a log' : `both filled from ${log.kind}`}`,
    'W is the frontier of the results. Age is event time: that of a window is W less its end.',
    '',
    ...table([
      ['hot is written', 'with every pane as it comes, early ones too, withdrawals and corrections'],
      [
        'cold is written',
        `${coldText(coldWrites)}, with the newest pane of a window that is not early, withdrawals and corrections`,
      ],
      ...(coldWrites.kind === 'every' && log !== undefined
        ? ([
            [
              '',
              'what concerns windows that cold has already, or is about to serve, does not wait: it is written within two seconds',
            ],
          ] as const)
        : []),
    ]),
  ]
  const body = log === undefined ? direct(serves) : states(options, serves)
  return [...head, '', ...body, '', ...writes(options), '', results.explain()].join('\n')
}

type Line = readonly [string, string]

function states({ view, settings, coldWrites }: ExplainOptions, serves: string): readonly string[] {
  const { latenessMs, gapMs } = view
  const complete =
    view.completeDelayMs === 0 ? 'W has reached its end' : `W has passed its end by ${spanText(view.completeDelayMs)}`
  const overlap = settings.overlapMs === 0 ? '' : `, less the overlap of ${spanText(settings.overlapMs)}`
  const patience = spanText(settings.leaseMs + settings.longestQueryMs)
  const settle = coldWrites.settleMs === 0 ? '' : ` and ${spanText(coldWrites.settleMs)} have gone by`
  const late =
    gapMs === undefined
      ? 'a correction to both tiers'
      : 'a correction, which a reader merges with the sessions it touches, to both tiers'
  return [
    'A window, and what a late record does while it is',
    ...table([
      ['open', 'nothing is shown yet; nothing is late'],
      ['provisional', `early panes, in hot; no record is late before ${complete}`],
      [
        'complete',
        latenessMs === 0
          ? `${complete}; hot answers. It is final at once: a late record is ${late}`
          : `${complete}; hot answers. For ${spanText(latenessMs)} a late record updates it, in both tiers`,
      ],
      ['final', `only corrections come; hot answers. A later record is ${late}`],
      [
        'offloaded',
        `it is ${serves} old, cold has it${settle}, and the boundary has passed it: cold answers. The same to both tiers`,
      ],
      [
        'evicted',
        `${patience} after readers could know of that boundary${overlap}, hot lets go of it. The same, in cold alone`,
      ],
    ]),
  ]
}

function direct(serves: string): readonly string[] {
  return [
    `Both stores are asked for everything, and the newest version counts. Hot forgets what is ${serves} old, whether or not cold has it.`,
    'What a store was not told while it could not be reached, it never hears of: see docs/serving.md.',
  ]
}

function writes({ view, coldWrites }: ExplainOptions): readonly string[] {
  const late = view.latenessMs === 0 ? '' : ', one per late update'
  const once =
    coldWrites.kind === 'every'
      ? `one, if its late updates come within ${spanText(coldWrites.periodMs + coldWrites.settleMs)}`
      : `one, and at most one per ${spanText(coldWrites.periodMs)} while it is updated`
  return [
    'Writes per key and window',
    ...table([
      ['hot', `one per pane: see below for early ones, one when it is complete${late}, one per correction`],
      ['cold', `${once}; one per correction`],
    ]),
  ]
}

function coldText({ kind, periodMs, settleMs }: ColdWrites): string {
  if (kind === 'continuously') return `every ${spanText(periodMs)}`
  return `every ${spanText(periodMs)}${settleMs === 0 ? '' : `, once a window has been over for ${spanText(settleMs)}`}`
}

function table(lines: readonly Line[]): readonly string[] {
  const width = Math.max(...lines.map(([name]) => name.length))
  return lines.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)
}

/** 5400000 is '90m'. */
export function spanText(spanMs: number): string {
  for (const [unit, sizeMs] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const)
    if (spanMs > 0 && spanMs % sizeMs === 0) return `${spanMs / sizeMs}${unit}`
  return `${spanMs}ms`
}
