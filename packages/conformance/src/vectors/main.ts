/** Owns the command's process: its arguments, streams and exit code. `npm run conformance` starts it. */
import { conformance } from './command.ts'

process.exitCode = conformance(process.argv.slice(2), {
  // npm starts scripts in the root of the repository; people name paths from where they are.
  folder: process.env['INIT_CWD'] ?? process.cwd(),
  out: (line) => console.log(line),
  err: (line) => console.error(line),
})
