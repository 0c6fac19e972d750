/** The command line: `npm run services`. It starts services that stay, says what runs, and stops them. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type InstanceRecord, instances } from '../instance/instance.ts'
import { isAlive } from '../instance/owner.ts'
import { until } from '../instance/until.ts'
import { sayAloud } from '../machine/unavailable.ts'
import type { HostMessage } from './host.ts'
import { type Command, type Start, readCommand, usage } from './options.ts'
import { described } from './report.ts'

const stopTimeoutMs = 60_000

function commandOrUsage(): Command {
  try {
    return readCommand(process.argv.slice(2))
  } catch (error) {
    console.error(`${messageOf(error)}\nAll options: npm run services -- help`)
    process.exit(2)
  }
}

async function run(command: Command): Promise<void> {
  switch (command.command) {
    case 'start':
      return start(command.start)
    case 'stop':
      return stop(command.name)
    case 'status': {
      const all = instances()
      console.log(all.length === 0 ? 'nothing runs' : all.map(described).join('\n\n'))
      return
    }
    case 'help':
      console.log(usage)
  }
}

async function start(what: Start): Promise<void> {
  const name = what.options.name ?? what.kind
  if (instances().some((instance) => instance.name === name))
    throw new Error(`'${name}' is running already: stop it first, or give this one another name with --name`)
  sayAloud(`starting ${name}`)
  await hosted(what)
  const record = instances().find((instance) => instance.name === name)
  if (record === undefined) throw new Error(`${name} was ready and has ended since`)
  console.log(`${described(record)}\n\nStop it and delete its data: npm run services -- stop ${name}`)
}

/** Returns when the host says that the service is ready. */
function hosted(what: Start): Promise<void> {
  const host = fileURLToPath(new URL('./host.ts', import.meta.url))
  // A session of its own: it outlives this command and its terminal.
  const child = spawn(process.execPath, [...process.execArgv, host, JSON.stringify(what)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => reject(new Error(`the start of ${what.kind} ended early (${signal ?? code})`)))
    child.on('message', (message: HostMessage) => {
      if ('say' in message) return sayAloud(message.say)
      if ('error' in message) return reject(new Error(message.error))
      child.unref()
      child.channel?.unref()
      resolve()
    })
  })
}

async function stop(name: string | undefined): Promise<void> {
  const all = instances()
  const chosen = name === undefined ? all.filter(({ kept }) => kept) : all.filter((each) => each.name === name)
  if (name !== undefined && chosen.length === 0) {
    const running = all.length === 0 ? 'nothing runs' : `there is ${all.map((each) => each.name).join(', ')}`
    throw new Error(`no service is called '${name}': ${running}`)
  }
  for (const { name: other, kept, owner } of chosen) {
    if (!kept) throw new Error(`'${other}' belongs to process ${owner.pid}, probably a test, and ends with it`)
  }
  await Promise.all(chosen.map(stopHost))
  console.log(chosen.length === 0 ? 'nothing to stop' : chosen.map((each) => `stopped ${each.name}`).join('\n'))
}

async function stopHost({ name, owner }: InstanceRecord): Promise<void> {
  process.kill(owner.pid, 'SIGTERM')
  await until(`${name} stops`, async () => !isAlive(owner), { timeoutMs: stopTimeoutMs })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const command = commandOrUsage()
try {
  await run(command)
} catch (error) {
  console.error(messageOf(error))
  process.exitCode = 1
}
