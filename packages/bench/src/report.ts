/** Owns how results look: the table on the screen and the rows of `--json`. */
import { type Figure, type Measured, type Mode, isMet } from './bench.ts'

const HEAD = [
  'bench',
  'mode',
  'records',
  'results',
  'ours',
  'unit',
  '',
  'value',
  'min–max',
  'wall',
  'target gen/plain',
  '',
  'RSS MB',
]
/** Columns of text. */
const LEFT = new Set([0, 1, 6, 11])

/** One line per figure; what a bench measures besides stands below it, so that nothing is hidden. */
export function table(measured: readonly Measured[]): string {
  return aligned([HEAD, ...measured.flatMap(lines)])
}

function lines({ name, mode, records, results, rssMb, figures }: Measured): string[][] {
  return figures.map((figure, i) => {
    const [ours, unit, measure, value, spread, wall, targets, verdict] = cells(figure, mode)
    return i === 0
      ? [
          name,
          mode,
          whole(records),
          whole(results),
          ours,
          unit,
          measure,
          value,
          spread,
          wall,
          targets,
          verdict,
          whole(rssMb),
        ]
      : [`  ${figure.what}`, '', '', '', ours, unit, measure, value, spread, wall, targets, verdict, '']
  })
}

type Cells = readonly [string, string, string, string, string, string, string, string]

function cells(figure: Figure, mode: Mode): Cells {
  const { ours, unit, measure, judged, value, lowest, highest, wallRatio, targets } = figure
  const digits = judged === 'ratio' ? 2 : 1
  const suffix = judged === 'ratio' ? ' ×' : ''
  const met = isMet(figure, mode)
  return [
    ours.toFixed(1),
    unit === undefined ? '' : unit.toFixed(1),
    measure,
    `${value.toFixed(digits)}${suffix}`,
    `${lowest.toFixed(digits)}–${highest.toFixed(digits)}`,
    wallRatio === undefined ? '' : wallRatio.toFixed(2),
    targets === undefined ? '' : `≤ ${targets.generated} / ≤ ${targets.plain}`,
    met === undefined ? '' : met ? 'met' : 'MISSED',
  ]
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          LEFT.has(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** What was measured as JSON, a row per bench and mode; the time of a record, where that is it, also at the top. */
export function jsonRows(measured: readonly Measured[]): string {
  const rows = measured.map(({ figures, mode, ...row }) => {
    const [{ measure, ours, unit, value }] = figures
    const time =
      measure === 'ns/record' && unit !== undefined
        ? { nsPerRecord: rounded(ours), unitNsPerRecord: rounded(unit), ratio: rounded(value) }
        : {}
    return { ...row, mode, ...time, figures: figures.map((figure) => ({ ...figure, met: isMet(figure, mode) })) }
  })
  const text = JSON.stringify(rows, (_, value: unknown) => (typeof value === 'number' ? rounded(value) : value), 2)
  return `${text}\n`
}

export function rounded(value: number): number {
  return Math.round(value * 100) / 100
}

function whole(count: number): string {
  return count.toLocaleString('en')
}
