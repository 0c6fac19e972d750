/**
 * Owns the other engines of a side-by-side run: the same job on Flink and on Kafka Streams, each in a process of its own
 * that is watched from here. Maven builds them (from `packages/bench/engines`) into a folder outside the project.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { duration, durationMs } from '@tidemark/core'
import type { Cost } from './cost.ts'

/** Module, class and what of its environment a name stands for; the rest of a name is `-once-EVERY` and `-updates`. */
const ENGINES: { readonly [name: string]: readonly [module: string, type: string, env: Record<string, string>] } = {
  flink: ['flink', 'engines.Flink', {}],
  streams: ['kstreams', 'engines.Streams', {}],
  memorystreams: ['kstreams', 'engines.Streams', { STORE: 'memory' }],
}
const OPENED = ['lang', 'lang.reflect', 'util', 'util.concurrent', 'time', 'net', 'nio', 'text']
const POLL_MS = 40
const SETTLED_MS = 2_500
const PATIENCE_MS = 60_000

export function isEngine(job: string): boolean {
  return ENGINES[job.split('-')[0] ?? ''] !== undefined
}

/** Builds them once per machine; says where. */
export async function builtEngines(): Promise<string> {
  const built = join(tmpdir(), 'tidemark-engines')
  if (existsSync(join(built, 'done'))) return built
  console.log('Building Flink and Kafka Streams with Maven (once, some minutes)')
  rmSync(built, { recursive: true, force: true })
  cpSync(fileURLToPath(new URL('../../engines', import.meta.url)), built, { recursive: true })
  await promisify(execFile)('mvn', ['-q', '-B', '-f', join(built, 'pom.xml'), 'package'])
  mkdirSync(join(built, 'done'))
  return built
}

export interface EngineRun {
  readonly built: string
  readonly job: string
  readonly broker: string
  readonly from: string
  readonly to: string
  /** The sum of the last stable offsets of the results' partitions. */
  readonly stable: () => Promise<number>
  /** At least so many results come. */
  readonly results: number
  /** How many finals there are; throws while results are missing. */
  readonly check: () => Promise<number>
}

/**
 * One run, ended by a kill: it would wait for more. What it cost is taken when the results last became more; CPU is user
 * and system of all its threads since its start. With it goes how many finals were found equal.
 */
export async function runEngine({
  built,
  job,
  broker,
  from,
  to,
  stable,
  results,
  check,
}: EngineRun): Promise<readonly [Cost, number]> {
  const [name = '', ...how] = job.split('-')
  const [module, type, env] = ENGINES[name] as (typeof ENGINES)[string]
  const every = durationMs(duration(how[1] ?? '1s'), 'The commit interval')
  const state = mkdtempSync(join(tmpdir(), 'tidemark-engine-'))
  const opens = OPENED.map((part) => `--add-opens=java.base/java.${part}=ALL-UNNAMED`)
  const path = `${built}/${module}/target/classes:${built}/${module}/target/lib/*`
  const began = performance.now()
  const engine = spawn(
    'java',
    ['-Xmx2g', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', ...opens, '-cp', path, type],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        ...env,
        BOOTSTRAP: broker,
        INPUT: from,
        OUTPUT: to,
        APP: to,
        STATE_DIR: state,
        COMMIT_MS: String(every),
        MODE: how[0] === 'once' ? 'eos' : 'alo',
        LANE: how.includes('updates') ? 'updates' : 'finals',
      },
    },
  )
  try {
    return await watched(engine, began, { job, stable, results, check })
  } finally {
    engine.kill('SIGKILL')
    rmSync(state, { recursive: true, force: true })
  }
}

async function watched(
  child: ChildProcess,
  began: number,
  { job, stable, results, check }: Pick<EngineRun, 'job' | 'stable' | 'results' | 'check'>,
): Promise<readonly [Cost, number]> {
  let last = -1
  let cost: Cost = { wallMs: 0, cpuMs: 0, peakMb: 0 }
  for (;;) {
    await sleep(POLL_MS)
    if (child.exitCode !== null) throw new Error(`'${job}' ended with ${child.exitCode}`)
    const now = performance.now()
    const { cpuMs, peakMb } = usage(child.pid ?? 0)
    const end = await stable()
    if (end !== last) {
      last = end
      cost = { wallMs: now - began, cpuMs, peakMb }
      continue
    }
    const quietMs = now - began - cost.wallMs
    if (end >= results && quietMs > SETTLED_MS) {
      try {
        return [cost, await check()]
      } catch (error) {
        if (quietMs > PATIENCE_MS) throw error
      }
    }
    if (quietMs > PATIENCE_MS) throw new Error(`'${job}' stands still: found ${end} results, expected ${results}`)
  }
}

/** Of a process of Linux: CPU of all its threads, and the most memory it has had. */
function usage(pid: number): Pick<Cost, 'cpuMs' | 'peakMb'> {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return { cpuMs: (Number(fields[11]) + Number(fields[12])) * 10, peakMb: Number(peak ?? 0) / 1_024 }
}
