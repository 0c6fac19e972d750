// Seeded runs in virtual time: with all rules no promise is broken; without one of them, one is. A failing seed is run
// alone with TIDEMARK_SEED=n; TIDEMARK_SEEDS=n runs more of them.
import { expect, test } from 'vitest'
import { ALL_RULES, type Rules } from '../src/rules.ts'
import { simulateTiers } from './simulation/simulate-tiers.ts'

const seeds = Number(process.env['TIDEMARK_SEEDS'] ?? 2_000)
const first = Number(process.env['TIDEMARK_SEED'] ?? 1)
const last = process.env['TIDEMARK_SEED'] === undefined ? seeds : first
/** Nothing here waits, but a loaded machine may be slow. */
const PATIENCE_MS = 600_000

test(
  `no gap, no double count, no reader goes back: ${last - first + 1} seeds`,
  async () => {
    let [reads, refused, evictions] = [0, 0, 0]
    for (let seed = first; seed <= last; seed++) {
      const outcome = await simulateTiers(seed)
      reads += outcome.reads
      refused += outcome.refused
      evictions += outcome.evictions
    }
    // The runs did what they are for.
    expect(reads).toBeGreaterThan(last - first)
    expect(evictions).toBeGreaterThan(last - first)
    expect(refused).toBeLessThan(reads / 4)
  },
  PATIENCE_MS,
)

/** Seeds that have found what is rare; tried first. */
const RARE: Partial<Record<keyof Rules, number>> = { sessionToken: 627, countsAnnounced: 1_020 }

test.each(Object.keys(ALL_RULES) as (keyof Rules)[])(
  'without the rule %s a promise is broken',
  async (rule) => {
    let broken: unknown
    for (let seed = RARE[rule] ?? 1, tried = 0; tried < 2_000 && broken === undefined; tried++, seed = tried)
      await simulateTiers(seed, { [rule]: false }).catch((error: unknown) => (broken = error))
    expect(String(broken)).toMatch(/GAP|DOUBLE|WENT BACK|STALE|REFUSED/)
  },
  PATIENCE_MS,
)
