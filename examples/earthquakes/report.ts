/** What the demo shows of a run: what was published when, what was too late, the life of one window, the results. */
import { CLASSES } from './data.ts'
import { ALLOWED_LATENESS, type LateQuake, OUT_OF_ORDER, type QuakeResult } from './job.ts'
import { type Screen, columns, date, day, span, time } from '../screen.ts'

/** How final a pane is, in the order in which a result goes through it. */
type Stage = 'early' | 'on-time' | 'corrected' | 'final'
const LOOK = {
  early: ['○', 'yellow'],
  'on-time': ['●', 'cyan'],
  corrected: ['◐', 'blue'],
  final: ['■', 'green'],
} as const

function stageOf(pane: QuakeResult): Stage {
  if (pane.isLast) return 'final'
  return pane.timing === 'late' ? 'corrected' : pane.timing
}

export function title(screen: Screen, text: string, note = ''): void {
  screen.line()
  screen.line(`${screen.paint('bold', text)}${note === '' ? '' : `  ${screen.paint('dim', note)}`}`)
}

/** Per day: panes by how final they were, when the day was complete and final, and what became of its records. */
export function published(screen: Screen, panes: readonly QuakeResult[], late: readonly LateQuake[]): void {
  const widths = [11, -6, -9, -11, -7, 2, 14, 14, -8, -6, -10]
  title(screen, 'What was published when')
  const head = (sizes: readonly number[], cells: readonly string[]): void =>
    screen.line(screen.paint('dim', `  ${columns(sizes, cells)}`))
  head([11, -33, 2, 28, -24], ['', '┌──── panes published ───────┐', '', 'arrival time of', '┌───── records ─────┐'])
  head(widths, [
    'day (UTC)',
    'early',
    'on time',
    'corrected',
    'final',
    '',
    'on time',
    'final',
    'on time',
    'late',
    'too late',
  ])
  const days = [...new Set(panes.map((pane) => pane.window.start))].sort((a, b) => a - b)
  const totals = [0, 0, 0, 0, 0, 0, 0]
  for (const start of days) {
    const own = panes.filter((pane) => pane.window.start === start)
    const finals = own.filter((pane) => pane.isLast)
    const lateRecords = finals.reduce((sum, pane) => sum + pane.lateRecords, 0)
    const records = finals.reduce((sum, pane) => sum + pane.records, 0)
    const counts = [
      ...(['early', 'on-time', 'corrected', 'final'] as const).map(
        (stage) => own.filter((pane) => stageOf(pane) === stage).length,
      ),
      records - lateRecords,
      lateRecords,
      late.filter(({ window }) => window?.start === start).length,
    ]
    counts.forEach((count, i) => {
      totals[i] = (totals[i] ?? 0) + count
    })
    const onTime = own.find((pane) => pane.timing === 'on-time')
    const whens = [onTime, finals[0]].map((pane) =>
      pane === undefined ? '' : pane.watermark === Number.POSITIVE_INFINITY ? 'end of input' : time(pane.emittedAt),
    )
    screen.line(
      `  ${columns(
        widths,
        [day(start), ...counts.slice(0, 4), '', ...whens, ...counts.slice(4)].map((cell) => (cell === 0 ? '·' : cell)),
      )}`,
    )
  }
  screen.line(
    screen.paint('bold', `  ${columns(widths, ['all', ...totals.slice(0, 4), '', '', '', ...totals.slice(4)])}`),
  )
  const marks = (['early', 'on-time', 'corrected'] as const).map((stage) =>
    screen.paint(LOOK[stage][1], stage.replace('-', ' ')),
  )
  screen.line(
    `  ${marks.join(', ')}: temporary.  ${screen.paint('green', 'final')}: pane.isLast, nothing can change it any more.`,
  )
}

/** Every record that no window took, latest first. */
export function tooLate(screen: Screen, late: readonly LateQuake[], suggestedMs: number | undefined): void {
  title(
    screen,
    `Too late: ${late.length} records`,
    `the watermark was ${ALLOWED_LATENESS} or more past the end of their day`,
  )
  const place = Math.max(16, screen.width - 2 - 14 - 7 - 14 - 17 - 9)
  const widths = [14, 7, place, 14, 17, -9]
  screen.line(
    screen.paint('dim', `  ${columns(widths, ['happened', ' mag', 'place', 'arrived', 'window', 'lateness'])}`),
  )
  for (const { value, key, window, latenessMs } of [...late].sort((a, b) => b.latenessMs - a.latenessMs)) {
    const cells = [
      time(value.at),
      value.magnitude.toFixed(1).padStart(4),
      `${value.place} `,
      time(value.updatedAt),
      `${date(window?.start ?? 0)} ${String(key)}`,
      span(latenessMs),
    ]
    screen.line(`  ${columns(widths, cells)}`)
  }
  if (suggestedMs === undefined) return
  const enough = Math.ceil(suggestedMs / 86_400_000)
  screen.line(
    `  job.lateness() suggests allowedLateness ${span(suggestedMs)}: '${enough}d' would have taken all of them.`,
  )
}

/** The window that went through everything, with the fewest panes: early, on time, corrected, final, too late. */
function eventful(panes: readonly QuakeResult[], late: readonly LateQuake[]): readonly QuakeResult[] {
  const lives = new Map<string, QuakeResult[]>()
  for (const pane of panes) {
    const name = `${pane.key} ${pane.window.start}`
    lives.set(name, [...(lives.get(name) ?? []), pane])
  }
  const variety = (life: readonly QuakeResult[]): number => {
    const [first] = life
    const missed = late.some(({ key, window }) => key === first?.key && window?.start === first?.window.start)
    return new Set(life.map(stageOf)).size + (missed ? 1 : 0)
  }
  return [...lives.values()].sort((a, b) => variety(b) - variety(a) || a.length - b.length)[0] ?? []
}

export function life(screen: Screen, all: readonly QuakeResult[], late: readonly LateQuake[]): void {
  const panes = eventful(all, late)
  const [first] = panes
  if (first === undefined) return
  const { key, window } = first
  title(
    screen,
    `The life of one result: '${key}' earthquakes of ${day(window.start)}`,
    `window [${time(window.start).trim()}, ${time(window.end).trim()})`,
  )
  const widths = [15, 15, 13, -5, -7, -7, -7, 3]
  screen.line(
    screen.paint(
      'dim',
      `  ${columns(widths, ['arrival time', 'watermark', 'timing', 'index', 'count', 'max', 'mean', ''])}`,
    ),
  )
  for (const pane of panes) {
    const { count, max, mean } = pane.value
    const stage = stageOf(pane)
    const [mark, colour] = LOOK[stage]
    const numbers = [pane.index, count, (max ?? Number.NaN).toFixed(2), (mean ?? Number.NaN).toFixed(2), '']
    const text = columns(widths, [time(pane.emittedAt), time(pane.watermark), `${mark} ${pane.timing}`, ...numbers])
    screen.line(`  ${text}${screen.paint(colour, SAYS[stage])}`)
  }
  for (const { value, watermark } of late.filter(
    (record) => record.key === key && record.window?.start === window.start,
  )) {
    const text = columns(widths, [
      time(value.updatedAt),
      time(watermark),
      '✕ too late',
      '',
      '',
      value.magnitude.toFixed(2),
    ])
    screen.line(`  ${text}${' '.repeat(10)}${screen.paint('red', 'to the late output')}`)
  }
}

const SAYS = {
  early: 'temporary: the day goes on',
  'on-time': 'temporary: the day is over',
  corrected: 'temporary: late data came',
  final: `FINAL: ${ALLOWED_LATENESS} after its end`,
} as const

/** The finals themselves. */
export function finalResults(screen: Screen, panes: readonly QuakeResult[]): void {
  title(screen, 'Final results', 'count, greatest and mean magnitude')
  const widths = [12, ...CLASSES.map(() => -17)]
  const bounds = CLASSES.map(([name, from], i) => (i === 0 ? `${name} (< ${CLASSES[1][1]})` : `${name} (≥ ${from})`))
  screen.line(screen.paint('dim', `  ${columns(widths, ['day (UTC)', ...bounds])}`))
  const finals = panes.filter((pane) => pane.isLast)
  for (const start of [...new Set(finals.map((pane) => pane.window.start))].sort((a, b) => a - b)) {
    const cells = CLASSES.map(([name]) => {
      const found = finals.find((pane) => pane.key === name && pane.window.start === start)?.value
      return found === undefined
        ? '·'
        : columns([-4, -6, -6], [found.count, found.max?.toFixed(2) ?? '', found.mean?.toFixed(2) ?? ''])
    })
    screen.line(`  ${columns(widths, [day(start), ...cells])}`)
  }
}

export function opening(screen: Screen, entries: number): void {
  screen.line(
    screen.paint(
      'bold',
      `${entries.toLocaleString('en-US')} real earthquakes of one week, in the order in which they became known`,
    ),
  )
  screen.line(
    `per day and magnitude class · watermark ${OUT_OF_ORDER} behind the newest event · late data accepted for ${ALLOWED_LATENESS}`,
  )
  screen.line()
}
