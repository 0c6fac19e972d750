// Makes the checkout ready and then runs the command it was given on the pinned Node.
// Every root script starts here, so each works as the first command typed in a fresh clone.
// It runs before anything is installed: plain Node 20, no dependency.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
// Left in node_modules by the last set-up: removing node_modules or pulling a new lockfile asks for another.
const stampFile = join(root, 'node_modules', '.tidemark-setup')
const windows = process.platform === 'win32'

function stamp() {
  const hash = createHash('sha256')
  for (const name of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(join(root, name)))
  return `${hash.digest('hex')} ${process.platform}-${process.arch}\n`
}

function isReady() {
  return existsSync(join(bin, 'node')) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp()
}

function install() {
  const args = ['-y', 'pnpm@12', 'install', '--frozen-lockfile']
  console.error(`Setting up: npx ${args.join(' ')} (once, about half a minute)`)
  const began = Date.now()
  // CI=true: pnpm must never wait for an answer. Its output matters only when it fails.
  const env = { ...process.env, CI: 'true' }
  const stdio = ['ignore', 'pipe', 'pipe']
  const done = spawnSync('npx', args, { cwd: root, env, stdio, encoding: 'utf8', shell: windows })
  if (done.status !== 0) {
    console.error(`${done.stdout ?? ''}${done.stderr ?? ''}${done.error ?? ''}`)
    console.error('Set-up failed: the packages could not be installed (see above).')
    process.exit(done.status ?? 1)
  }
  writeFileSync(stampFile, stamp())
  console.error(`Set up in ${((Date.now() - began) / 1000).toFixed(0)} s.`)
}

function run(command, args) {
  // The pinned Node comes first on PATH, whatever Node started this script.
  const env = { ...process.env, PATH: bin + delimiter + process.env.PATH, TIDEMARK_HOST_NODE: process.execPath }
  const child = spawn(command, args, { stdio: 'inherit', env, shell: windows })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`Could not start ${command}: ${error.message}`)
    process.exit(127)
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 20)) {
  console.error(`Tidemark needs Node 20.20 or newer; this is ${process.versions.node}.`)
  process.exit(1)
}
if (!isReady()) install()
const [command, ...args] = process.argv.slice(2)
if (command !== undefined) run(command, args)
