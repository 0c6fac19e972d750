/** Owns the stored baseline: ratios of an earlier run, with the machine they come from. Ratios travel, times do not. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Measured } from './measure.ts'

export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly node: string
}
interface Row {
  readonly name: string
  readonly nsPerRecord: number
  readonly unitNsPerRecord: number
  readonly ratio: number
}
interface Baseline {
  readonly machine: Machine
  readonly rows: readonly Row[]
}

/** Within this factor two runs of the same code may differ. */
const NOISE = 1.15

const file = fileURLToPath(new URL('../baseline.json', import.meta.url))

export function thisMachine(): Machine {
  return { cores: cpus().length, cpu: cpus()[0]?.model.trim() ?? 'unknown', node: process.versions.node }
}

/** Rows that were not measured now stay as they are. */
export function saveBaseline(measured: readonly Measured[]): string {
  const fresh = new Map(
    measured.map(({ name, nsPerRecord, unitNsPerRecord, ratio }) => [
      name,
      { name, nsPerRecord: rounded(nsPerRecord), unitNsPerRecord: rounded(unitNsPerRecord), ratio: rounded(ratio) },
    ]),
  )
  const kept = readBaseline()?.rows.filter(({ name }) => !fresh.has(name)) ?? []
  const baseline: Baseline = {
    machine: thisMachine(),
    rows: [...kept, ...fresh.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
  writeFileSync(file, `${JSON.stringify(baseline, undefined, 2)}\n`)
  return `baseline saved: ${file}`
}

/** What became slower or faster than the baseline, in words. */
export function comparison(measured: readonly Measured[]): string {
  const baseline = readBaseline()
  if (baseline === undefined) return 'no baseline is stored: --save-baseline makes one'
  const before = new Map(baseline.rows.map((row) => [row.name, row.ratio]))
  const moved = measured.flatMap(({ name, ratio }) => {
    const old = before.get(name)
    if (old === undefined || (ratio <= old * NOISE && ratio >= old / NOISE)) return []
    return [`  ${name} became ${ratio > old ? 'SLOWER' : 'faster'}: ratio ${old.toFixed(2)} → ${ratio.toFixed(2)}`]
  })
  const { cores, cpu, node } = baseline.machine
  const head = `against the baseline (${cores} cores, ${cpu}, Node ${node})`
  return moved.length === 0
    ? `${head}: nothing moved by more than ${Math.round((NOISE - 1) * 100)} %`
    : `${head}:\n${moved.join('\n')}`
}

function readBaseline(): Baseline | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Baseline) : undefined
}

export function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
