/**
 * Owns the stored baseline: figures of an earlier run, with the machine they come from. Ratios travel to other machines,
 * times do not.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { MODES, type Figure, type Measured, type Mode } from './bench.ts'
import { rounded } from './report.ts'

export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly memoryGb: number
  readonly os: string
  readonly node: string
}

/** One figure of one bench. */
export interface BaselineRow extends Pick<Figure, 'what' | 'measure' | 'ours' | 'judged' | 'value'> {
  readonly name: string
  readonly mode: Mode
  readonly unit?: number
}

export interface Baseline {
  readonly machine: Machine
  readonly rows: readonly BaselineRow[]
}

/** Within this factor two runs of the same code may differ. */
const NOISE = 1.15

export const baselineFile: string = fileURLToPath(new URL('../baseline.json', import.meta.url))

export function thisMachine(): Machine {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    os: `${process.platform} ${process.arch}`,
    node: process.versions.node,
  }
}

export function machineText({ cores, cpu, memoryGb, os, node }: Machine): string {
  return `${cores} cores, ${cpu}, ${memoryGb} GB, ${os}, Node ${node}`
}

/** Rows that were not measured now stay as they are, if they come from the same machine. */
export function updated(before: Baseline | undefined, measured: readonly Measured[], machine: Machine): Baseline {
  const again = new Set(measured.map(idOf))
  const fresh = measured.flatMap(({ name, mode, figures }) =>
    figures.map(({ what, measure, judged, value, ours, unit }): BaselineRow => ({
      name,
      mode,
      what,
      measure,
      judged,
      value: rounded(value),
      ours: rounded(ours),
      ...(unit === undefined ? {} : { unit: rounded(unit) }),
    })),
  )
  const known = before !== undefined && machineText(before.machine) === machineText(machine) ? before.rows : []
  const rows = [...known.filter((row) => !again.has(idOf(row))), ...fresh]
  // Figures of a bench keep their order: what it is named for leads.
  return {
    machine,
    rows: rows.sort((a, b) => compare(a.name, b.name) || MODES.indexOf(a.mode) - MODES.indexOf(b.mode)),
  }
}

/** What became slower (or heavier) and what better than the baseline, in words; judged figures only. */
export function comparison({ machine, rows }: Baseline, measured: readonly Measured[]): string {
  const before = new Map(rows.map((row) => [figureId(row, row), row.value]))
  const moved = measured.flatMap((row) =>
    row.figures.flatMap((figure) => {
      const old = before.get(figureId(row, figure))
      const { what, value, targets } = figure
      if (targets === undefined || old === undefined || (value <= old * NOISE && value >= old / NOISE)) return []
      const change = value > old ? 'SLOWER or heavier' : 'better'
      return [`  ${row.name} (${row.mode}): ${what} became ${change}: ${old.toFixed(2)} → ${value.toFixed(2)}`]
    }),
  )
  const head = `against the baseline (${machineText(machine)})`
  const news = measured
    .filter((row) => !before.has(figureId(row, row.figures[0])))
    .map(({ name, mode }) => `${name} (${mode})`)
  const lines =
    moved.length === 0
      ? [`${head}: nothing moved by more than ${Math.round((NOISE - 1) * 100)} %`]
      : [`${head}:`, ...moved]
  return [...lines, ...(news.length === 0 ? [] : [`  not in it: ${news.join(', ')}`])].join('\n')
}

export function readBaseline(file: string = baselineFile): Baseline | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Baseline) : undefined
}

export function writeBaseline(baseline: Baseline, file: string = baselineFile): void {
  writeFileSync(file, `${JSON.stringify(baseline, undefined, 2)}\n`)
}

function idOf({ name, mode }: { readonly name: string; readonly mode: Mode }): string {
  return `${name} ${mode}`
}

function figureId(row: { readonly name: string; readonly mode: Mode }, { what }: { readonly what: string }): string {
  return `${idOf(row)} ${what}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
