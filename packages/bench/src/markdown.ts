/** Owns the table of docs/performance.md: what has a target, with its spread, in both modes side by side. */
import { type Figure, type Measured, type Mode, MODES } from './bench.ts'

const HEAD = ['bench', 'what', 'measure', 'ours', 'unit', 'with code generation', 'without', 'target (with / without)']

export function markdown(measured: readonly Measured[]): string {
  const byName = new Map<string, Measured[]>()
  for (const row of measured) byName.set(row.name, [...(byName.get(row.name) ?? []), row])
  const rows = [...byName.values()].flatMap(lines)
  return `${[HEAD, HEAD.map((_, i) => (i < 3 ? '---' : '---:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`
}

/** Figures of one bench in all modes: those with a target, and what a pane costs. */
function lines(of: readonly Measured[]): string[][] {
  const [first] = of
  const shown = first?.figures.filter(({ targets, measure }) => targets !== undefined || measure === 'ns/pane') ?? []
  return shown.map((figure) => {
    const { what, measure, ours, unit, targets } = figure
    const values = MODES.map((mode) => spread(find(of, mode, what)))
    const goal = targets === undefined ? '' : `≤ ${targets.generated} / ≤ ${targets.plain}`
    return [first?.name ?? '', what, measure, ours.toFixed(1), unit?.toFixed(1) ?? '', ...values, goal]
  })
}

function find(of: readonly Measured[], mode: Mode, what: string): Figure | undefined {
  return of.find((row) => row.mode === mode)?.figures.find((figure) => figure.what === what)
}

function spread(figure: Figure | undefined): string {
  if (figure === undefined) return '–'
  const digits = figure.judged === 'ratio' ? 2 : 1
  const [value, lowest, highest] = [figure.value, figure.lowest, figure.highest].map((x) => x.toFixed(digits))
  return `${value}${figure.judged === 'ratio' ? ' ×' : ''} (${lowest}–${highest})`
}
