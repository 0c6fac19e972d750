/** Owns how results look: the table on the screen and the rows of `--json`. */
import { rounded } from './baseline.ts'
import type { Measured } from './measure.ts'

const HEAD = ['bench', 'records', 'results', 'ns/record', 'unit ns', 'ratio', 'min–max', 'wall', 'target', 'RSS MB']

export function table(measured: readonly Measured[]): string {
  const rows = [HEAD, ...measured.map(row)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)))
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  )
  return [...lines, ...measured.flatMap(paneLine)].join('\n')
}

function row({
  name,
  records,
  results,
  nsPerRecord,
  unitNsPerRecord,
  ratio,
  lowest,
  highest,
  wallRatio,
  target,
  rssMb,
}: Measured): string[] {
  const goal = target === undefined ? '–' : `≤ ${target} ${ratio <= target ? 'met' : 'MISSED'}`
  return [
    name,
    whole(records),
    whole(results),
    nsPerRecord.toFixed(1),
    unitNsPerRecord.toFixed(1),
    ratio.toFixed(2),
    `${lowest.toFixed(2)}–${highest.toFixed(2)}`,
    wallRatio.toFixed(2),
    goal,
    whole(rssMb),
  ]
}

/** What a row leaves out, so that nothing is hidden. */
function paneLine({ name, results, panes }: Measured): string[] {
  if (panes === undefined) return []
  const { nsPerPane, ratioWithPanes, handNsPerRecord, handRatio } = panes
  return [
    `  ${name}: ${whole(results)} panes apart at ${nsPerPane.toFixed(0)} ns each; with them ${ratioWithPanes.toFixed(2)} × our tumbling, ${handRatio.toFixed(2)} × the hand loop (slices, running total: ${handNsPerRecord.toFixed(1)} ns/record)`,
  ]
}

export function jsonRows(measured: readonly Measured[]): string {
  const rows = measured.map(({ name, records, nsPerRecord, unitNsPerRecord, ratio, rssMb, panes }) => ({
    name,
    records,
    nsPerRecord: rounded(nsPerRecord),
    unitNsPerRecord: rounded(unitNsPerRecord),
    ratio: rounded(ratio),
    rssMb,
    ...(panes === undefined
      ? {}
      : {
          nsPerPane: rounded(panes.nsPerPane),
          ratioWithPanes: rounded(panes.ratioWithPanes),
          handRatio: rounded(panes.handRatio),
        }),
  }))
  return `${JSON.stringify(rows, undefined, 2)}\n`
}

function whole(count: number): string {
  return count.toLocaleString('en')
}
