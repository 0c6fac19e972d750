/** Owns the command line of the bench. */
import { parseArgs } from 'node:util'
import { MODES, type Mode } from './bench.ts'
import { benches } from './benches.ts'

export interface Options {
  readonly only: readonly string[]
  readonly modes: readonly Mode[]
  readonly runs: number
  readonly scale: number
  readonly json?: string
  readonly markdown?: string
  readonly profile?: string
  readonly saveBaseline: boolean
  /** Leaves out what runs first to be honest: for finding causes. */
  readonly unpolluted: boolean
  /** Instead of the benches: how time and memory grow. */
  readonly growth: boolean
}

export const usage: string = `npm run bench -- [--mode generated|plain|both] [--only NAME[,NAME]] [--runs N] [--scale F]
                   [--json FILE] [--markdown FILE] [--profile NAME] [--save-baseline] [--unpolluted] [--growth]
benches: ${benches.map(({ name }) => name).join(', ')}`

/** @throws Error with what to write instead */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      mode: { type: 'string', default: 'generated' },
      runs: { type: 'string', default: '5' },
      scale: { type: 'string', default: '1' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      profile: { type: 'string' },
      'save-baseline': { type: 'boolean', default: false },
      unpolluted: { type: 'boolean', default: false },
      growth: { type: 'boolean', default: false },
    },
  })
  const names = benches.map(({ name }) => name)
  const only = values.profile === undefined ? (values.only?.split(',') ?? names) : [values.profile]
  const unknown = only.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new Error(`no bench '${unknown}'`)
  const modes = values.mode === 'both' ? MODES : MODES.filter((mode) => mode === values.mode)
  if (modes.length === 0) throw new Error(`--mode: found '${values.mode}', expected generated, plain or both`)
  const runs = Number(values.runs)
  if (!Number.isSafeInteger(runs) || runs < 1)
    throw new Error(`--runs: found '${values.runs}', expected a whole number of at least 1`)
  const scale = Number(values.scale)
  if (!(scale > 0 && scale <= 1))
    throw new Error(`--scale: found '${values.scale}', expected a number above 0, at most 1`)
  return {
    only,
    modes,
    runs,
    scale,
    saveBaseline: values['save-baseline'],
    unpolluted: values.unpolluted,
    growth: values.growth,
    ...(values.json === undefined ? {} : { json: values.json }),
    ...(values.markdown === undefined ? {} : { markdown: values.markdown }),
    ...(values.profile === undefined ? {} : { profile: values.profile }),
  }
}
