/** Owns the command line of the bench. */
import { parseArgs } from 'node:util'
import { benches } from './benches.ts'

export interface Options {
  readonly only: readonly string[]
  readonly runs: number
  readonly scale: number
  readonly json: string | undefined
  readonly profile: string | undefined
  readonly saveBaseline: boolean
  /** Leaves out what runs first to be honest: for finding causes. */
  readonly unpolluted: boolean
}

export const usage: string = `npm run bench -- [--only NAME[,NAME]] [--runs N] [--scale F] [--json FILE] [--profile NAME] [--save-baseline] [--unpolluted]
benches: ${benches.map(({ name }) => name).join(', ')}`

/** @throws Error with what to write instead */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      runs: { type: 'string', default: '5' },
      scale: { type: 'string', default: '1' },
      json: { type: 'string' },
      profile: { type: 'string' },
      'save-baseline': { type: 'boolean', default: false },
      unpolluted: { type: 'boolean', default: false },
    },
  })
  const names = benches.map(({ name }) => name)
  const only = values.profile === undefined ? (values.only?.split(',') ?? names) : [values.profile]
  const unknown = only.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new Error(`no bench '${unknown}'`)
  const runs = Number(values.runs)
  if (!Number.isSafeInteger(runs) || runs < 1)
    throw new Error(`--runs: found '${values.runs}', expected a whole number of at least 1`)
  const scale = Number(values.scale)
  if (!(scale > 0 && scale <= 1))
    throw new Error(`--scale: found '${values.scale}', expected a number above 0, at most 1`)
  return {
    only,
    runs,
    scale,
    json: values.json,
    profile: values.profile,
    saveBaseline: values['save-baseline'],
    unpolluted: values.unpolluted,
  }
}
