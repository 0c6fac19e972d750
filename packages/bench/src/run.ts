/** Owns a run of benches in this process: pollution first, then one bench after the other. */
import { type Measured, type Mode, measure } from './bench.ts'
import { benches } from './benches.ts'
import type { Options } from './options.ts'
import { pollute } from './pollute.ts'
import { CpuProfiler } from './profile.ts'

export async function runBenches(
  { unpolluted, only, runs, scale, profile }: Options,
  mode: Mode,
  onMeasured: (measured: Measured) => void = () => {},
): Promise<readonly Measured[]> {
  if (!unpolluted) await pollute()
  const profiler = profile === undefined ? undefined : new CpuProfiler()
  const all: Measured[] = []
  for (const bench of benches.filter(({ name }) => only.includes(name))) {
    const measured = await measure(bench, mode, { runs, scale, profiler })
    all.push(measured)
    const { results, figures } = measured
    const [{ what, value, judged, measure: of }] = figures
    console.log(
      `  ${bench.name} (${bench.what}): ${results.toLocaleString('en')} results equal; ${what} ${value.toFixed(2)} ${judged === 'ratio' ? '× the unit' : of}`,
    )
    onMeasured(measured)
  }
  if (profiler !== undefined && profile !== undefined)
    console.log(`\n${profiler.write(mode === 'generated' ? profile : `${profile}-${mode}`)}`)
  return all
}
