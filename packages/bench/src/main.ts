/** The bench: `npm run bench`. It ends with 1 when results are wrong, never because something is slow. */
import { writeFileSync } from 'node:fs'
import { comparison, saveBaseline, thisMachine } from './baseline.ts'
import { benches } from './benches.ts'
import { type Measured, measure, timeIs } from './measure.ts'
import { type Options, readOptions, usage } from './options.ts'
import { pollute } from './pollute.ts'
import { CpuProfiler } from './profile.ts'
import { jsonRows, table } from './report.ts'

function optionsOrUsage(): Options {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exit(2)
  }
}

async function run({ unpolluted, only, runs, scale, json, profile, saveBaseline: save }: Options): Promise<void> {
  const { cores, cpu, node } = thisMachine()
  console.log(
    `${cores} cores, ${cpu}, Node ${node}; ${timeIs}, medians of ${runs} runs in turn with the unit${globalThis.gc === undefined ? '; without --expose-gc, so noisier' : ''}`,
  )
  if (!unpolluted) await pollute()
  const profiler = profile === undefined ? undefined : new CpuProfiler()
  const measured: Measured[] = []
  for (const bench of benches.filter(({ name }) => only.includes(name))) {
    const row = await measure(bench, { runs, scale, ...(profiler === undefined ? {} : { profiler }) })
    measured.push(row)
    console.log(
      `  ${bench.name} (${bench.what}): ${row.results.toLocaleString('en')} results equal, ratio ${row.ratio.toFixed(2)}`,
    )
  }
  console.log(`\n${table(measured)}`)
  if (json !== undefined) writeFileSync(json, jsonRows(measured))
  if (profiler !== undefined && profile !== undefined) console.log(`\n${profiler.write(profile)}`)
  if (scale === 1 && profiler === undefined && !unpolluted)
    console.log(`\n${save ? saveBaseline(measured) : comparison(measured)}`)
}

try {
  await run(optionsOrUsage())
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
