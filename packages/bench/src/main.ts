/** The bench: `npm run bench`. It ends with 1 when results are wrong, never because something is slow. */
import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { comparison, machineText, readBaseline, thisMachine, updated, writeBaseline } from './baseline.ts'
import type { Measured } from './bench.ts'
import { growthTables } from './growth.ts'
import { markdown } from './markdown.ts'
import { runInMode } from './modes.ts'
import { type Options, readOptions, usage } from './options.ts'
import { jsonRows, table } from './report.ts'
import { timeIs } from './thread.ts'

function optionsOrUsage(): Options {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exit(2)
  }
}

async function run(options: Options): Promise<void> {
  const { modes, runs, scale, json, markdown: page, profile, saveBaseline, unpolluted } = options
  const machine = thisMachine()
  console.log(`${machineText(machine)}; ${timeIs}, medians of ${runs} runs in turn with the unit`)
  const [load = 0] = loadavg()
  if (load > machine.cores / 2)
    console.log(`the machine is busy (load ${load.toFixed(1)}): pauses by the clock on the wall will be too long`)
  if (options.growth) {
    console.log(await growthTables(options, (line) => console.log(line)))
    return
  }
  const measured: Measured[] = []
  for (const mode of modes) {
    console.log(mode === 'generated' ? 'with code generation:' : 'without code generation, in a process of its own:')
    measured.push(...(await runInMode(mode, options)))
  }
  console.log(`\n${table(measured)}`)
  if (json !== undefined) writeFileSync(json, jsonRows(measured))
  if (page !== undefined) writeFileSync(page, markdown(measured))
  // Anything but an honest whole run compares to nothing.
  if (scale !== 1 || profile !== undefined || unpolluted) return
  const before = readBaseline()
  if (saveBaseline) {
    writeBaseline(updated(before, measured, machine))
    console.log('\nthe baseline is saved')
  } else {
    console.log(
      `\n${before === undefined ? 'no baseline is stored: --save-baseline makes one' : comparison(before, measured)}`,
    )
  }
}

try {
  await run(optionsOrUsage())
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
