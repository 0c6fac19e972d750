/** The child process of `--mode plain`: measures where no code may be generated, and tells its parent each result. */
import { mayGenerate } from './modes.ts'
import type { Options } from './options.ts'
import { runBenches } from './run.ts'

if (mayGenerate()) throw new Error('this process may generate code from strings: start it by --mode plain')
await runBenches(JSON.parse(process.argv[2] as string) as Options, 'plain', (measured) => process.send?.(measured))
process.disconnect()
