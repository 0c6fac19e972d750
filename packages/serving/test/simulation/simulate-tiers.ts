// One run: an engine that commits, writers that are killed and live on as zombies, readers that remember what they were
// told, and in the end a calm in which everything must be equal to the log.
import { continuously, every } from '../../src/cold-writes.ts'
import { ALL_RULES, type Rules } from '../../src/rules.ts'
import { TwoTiers } from '../../src/tiers.ts'
import { Engine, KEYS, VIEW, WINDOW_MS } from './engine.ts'
import { SimulatedCold, SimulatedHot, SimulatedLog } from './stores.ts'
import { type SimRow, Witness, recompute } from './truth.ts'
import { Process, World } from './world.ts'

type Sim = TwoTiers<string, number, { readonly start: number; readonly end: number }>

export interface Outcome {
  readonly reads: number
  readonly refused: number
  readonly evictions: number
  readonly history: readonly string[]
}

const WINDOWS = 10
const SERVE_FOR_MS = 3_000
const LEASE_MS = 900

/** @throws Error of the first promise that was broken, with the seed */
export async function simulateTiers(seed: number, rules: Partial<Rules> = {}): Promise<Outcome> {
  const world = new World(seed)
  const log = new SimulatedLog(['0', '1'])
  const hot = new SimulatedHot(world, { serveForMs: SERVE_FOR_MS, slackMs: 9_000, shards: world.between(1, 2) })
  const cold = new SimulatedCold(world)
  const engine = new Engine(world, log)
  const coldWrites = world.chance(0.5) ? { ...continuously(), periodMs: 300 } : every('1s', { settle: '1s' })
  const sessionsOf = (process: Process): Sim =>
    new TwoTiers({
      view: VIEW,
      log: log.as(process),
      direct: undefined,
      hot: hot.as(process),
      cold: cold.as(process),
      coldWrites,
      settings: { leaseMs: LEASE_MS, longestQueryMs: 600, overlapMs: 0 },
      version: '',
      maxWaitMs: 1_500,
      tickMs: 250,
      extendAfterMs: 1_000,
      maxWaiting: world.chance(0.2) ? 3 : 1_000,
      batchSize: world.chance(0.3) ? 2 : 100,
      clock: process.clock,
      rules: { ...ALL_RULES, ...rules },
      explain: () => '',
      watchMs: () => 1_000,
    })
  let broken: Error | undefined
  const fail = (error: Error): void => {
    broken ??= error
  }

  let generation = 0
  let writer = new Process(world, 'writer')
  const startWriter = (): void => {
    writer = new Process(world, `writer ${++generation}`)
    const tiers = sessionsOf(writer)
    const { name } = writer
    tiers.on('alarm', ({ code, message }) => world.note(`${name}: ${code} ${message.slice(0, 160)}`))
    tiers.on('boundary', (b) => world.note(`${name} boundary ${JSON.stringify(b)}`))
    tiers.run().catch((error: unknown) => fail(error instanceof Error ? error : new Error(String(error))))
  }
  startWriter()

  let [reads, refused] = [0, 0]
  const startReader = (name: string, calm: () => boolean): void => {
    const process = new Process(world, name)
    readers.push(process)
    const tiers = sessionsOf(process)
    const witness = new Witness()
    const turn = async (): Promise<void> => {
      const key = KEYS[world.between(0, KEYS.length - 1)] as string
      const from = world.chance(0.5)
        ? 0
        : Math.max(0, Math.floor(world.now / WINDOW_MS - world.between(1, 6)) * WINDOW_MS)
      const range = { from, to: Number.POSITIVE_INFINITY }
      // What the tiers must have, whoever reads: what cold had published a lease before.
      const known = cold.published.findLast(({ at }) => at < world.now - LEASE_MS)?.covered
      try {
        const rows = (await tiers.read({ key, ...range })) as readonly SimRow[]
        reads++
        world.note(
          `${name} ${key} (${from}: ${rows.map((row) => `${row.window.end}=${row.version}${row.tier[0]}`).join(' ')}`,
        )
        witness.judge(
          log,
          key,
          range,
          rows,
          recompute(log, (partition) => known?.get(partition) ?? 0n, range, false),
        )
      } catch (error) {
        const { code } = error as { code?: string }
        if (code !== 'RESULTS_INCOMPLETE' && code !== 'UNAVAILABLE') return fail(error as Error)
        if (calm()) return fail(new Error(`REFUSED in the calm: ${(error as Error).message}`))
        refused++
        world.note(`${name} refused: ${(error as Error).message.slice(0, 200)}`)
      }
      world.after(world.between(100, 700), () => void turn())
    }
    world.after(world.between(0, 2_000), () => void turn())
  }
  const readers: Process[] = []
  startReader('reader 1', () => false)
  startReader('reader 2', () => false)

  engine.start(WINDOWS)
  faults(world, { hot, writer: () => writer, startWriter, readers })
  await world.run(WINDOWS * WINDOW_MS + 3_000, () => broken !== undefined)
  // The calm: no more faults, no zombies. A writer that begins in it may have to write all of the log again, to two shards
  // of two partitions one after the other, two entries at a time, with calls of up to 30 ms: that takes about 4.5 s. With
  // less than that some seeds find what is merely not written yet; with a little more the same seeds pass.
  world.faultsUntil = world.now
  world.slow.clear()
  hot.full = false
  writer.kill()
  world.note('calm')
  startWriter()
  await world.run(world.now + (world.chance(0.05) ? 20_000 : 8_000), () => broken !== undefined)
  const last = new Process(world, 'last reader')
  const tiers = sessionsOf(last)
  for (const key of KEYS) {
    if (broken !== undefined) break
    const range = { from: 0, to: Number.MAX_SAFE_INTEGER }
    let rows: readonly SimRow[] | undefined
    tiers.read({ key, ...range }).then(
      (found) => (rows = found as readonly SimRow[]),
      (error: unknown) => fail(new Error(`REFUSED in the end: ${String(error)}`)),
    )
    await world.run(world.now + 5_000, () => rows !== undefined || broken !== undefined)
    if (rows === undefined) break
    world.note(
      `last ${key}: ${rows.map((row) => `${row.window.end}=${row.version}${row.tier[0]}`).join(' ')}; evicted ${JSON.stringify(hot.evictions.slice(-3))}`,
    )
    try {
      new Witness().judge(
        log,
        key,
        range,
        rows,
        recompute(log, () => BigInt(Number.MAX_SAFE_INTEGER), range, true),
      )
    } catch (error) {
      fail(error as Error)
    }
  }
  if (broken !== undefined)
    throw new Error(`seed ${seed}: ${broken.message}\n${world.history.slice(-60).join('\n')}`, { cause: broken })
  return { reads, refused, evictions: hot.evictions.length, history: world.history }
}

interface Victims {
  readonly hot: SimulatedHot
  readonly writer: () => Process
  readonly startWriter: () => void
  readonly readers: readonly Process[]
}

function faults(world: World, { hot, writer, startWriter, readers }: Victims): void {
  const spread = WINDOWS * WINDOW_MS
  const sometime = (p: number, strike: () => void): void => {
    for (let tries = 0; tries < 3; tries++) if (world.chance(p)) world.after(world.between(500, spread), strike)
  }
  sometime(0.5, () => {
    const old = writer()
    world.note(`${old.name} is replaced`)
    // It may live on for a while.
    if (world.chance(0.5)) old.kill()
    else world.after(world.between(100, 4_000), () => old.kill())
    world.after(world.between(0, 1_500), startWriter)
  })
  sometime(0.25, () => {
    world.note('failover')
    void hot.failOver(world.chance(0.3) ? world.between(2_000, 8_000) : world.between(10, 1_500))
  })
  sometime(0.2, () => {
    const kind = world.chance(0.6) ? 'cold.put' : 'hot.write'
    const lastsMs = world.between(1_000, 6_000)
    world.note(`${kind} is slow for ${lastsMs}`)
    world.slow.set(kind, world.between(400, 2_500))
    world.after(lastsMs, () => world.slow.delete(kind))
  })
  sometime(0.1, () => {
    world.note('hot is full')
    hot.full = true
    world.after(world.between(200, 2_000), () => (hot.full = false))
  })
  sometime(0.2, () => {
    const one = world.chance(0.5) ? writer() : (readers[world.between(0, readers.length - 1)] as Process)
    one.skew += world.chance(0.5) ? world.between(500, 20_000) : -world.between(500, 5_000)
    world.note(`the clock of ${one.name} jumps`)
  })
}
