// A process that tries for a job's folder, says how that went, and keeps it until its input ends.
import { folder } from '../src/folder/folder.ts'

const [path, job] = process.argv.slice(2) as [string, string]
// All racers start when the test says so, not when their processes happen to be up.
process.stdout.write('ready\n')
await new Promise((resolve) => process.stdin.once('data', resolve))
try {
  await folder(path).open(job)
  process.stdout.write('won\n')
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code}\n`)
}
process.stdin.on('end', () => process.exit(0)).resume()
