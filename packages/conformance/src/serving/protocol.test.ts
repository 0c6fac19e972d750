// The protocol between the tiers, as a model: every rule that is left out leads to a wrong answer, and with all of them
// none is found. `TIDEMARK_MODEL=whole` looks at every state (minutes); else each search that finds nothing is bounded.
import { expect, test } from 'vitest'
import { explore } from './protocol-model.ts'
import { ALL_RULES, PLAIN, type Config, type Rules } from './protocol-state.ts'

const whole = process.env['TIDEMARK_MODEL'] === 'whole'
const limit = whole ? 5_000_000 : 10_000
const PATIENCE_MS = whole ? 1_800_000 : 60_000

type Part = Partial<Omit<Config, 'rules'>>
const made = (part: Part, rules: Partial<Rules>): Config => ({ ...PLAIN, ...part, rules: { ...ALL_RULES, ...rules } })

test.each<[string, Part, Partial<Rules>?]>([
  ['monotone reads by session token, no overlap', {}],
  ['the same with an overlap', { overlap: 1 }],
  ['a failover that loses writes, the position kept in hot', { failover: true, monotone: false, late: [] }],
  ['monotone reads over a failover', { failover: true }],
  ['monotone reads over a failover, with an old hot writer', { failover: true, zombie: true }],
  ['an old hot writer that still writes', { zombie: true, monotone: false }],
  ['late updates of both windows, with an overlap', { late: [1, 2], overlap: 1, monotone: false }],
  ['an evicted window that a hot write brings back is a leak, no wrong answer', {}, { evictedStaysOut: false }],
  ['withdrawals, with an old hot writer', { withdrawn: [1], zombie: true, monotone: false }],
  ['corrections, with crashes and a failover', { corrected: [1], late: [], failover: true, monotone: false }],
  ['two tasks', { tasks: 2, monotone: false, late: [1] }],
  ['a task that is idle for a time', { tasks: 2, idle: true, late: [] }],
  ['an end of input that was none', { end: true, monotone: false, late: [] }],
])(
  'holds: %s',
  (_, part, rules = {}) => {
    const { violated, trace } = explore(made(part, rules), limit)
    expect([violated, ...trace]).toEqual([undefined])
  },
  PATIENCE_MS,
)

test.each<[string, Part, Partial<Rules>, RegExp]>([
  [
    'the hot position kept outside',
    { failover: true, monotone: false, late: [] },
    { positionInHot: false },
    /NOT CONVERGED|GAP/,
  ],
  [
    'a hot position for what another life has lost',
    { failover: true, monotone: false },
    { oneLife: false },
    /NOT CONVERGED/,
  ],
  ['a reader that counts only positions', { failover: true }, { countsAnnounced: false }, /REGRESSION/],
  ['no compare-and-set', { zombie: true, monotone: false }, { compareAndSet: false }, /NOT CONVERGED/],
  ['evict by time to live', { monotone: false }, { evict: 'ttl' }, /GAP/],
  ['evict without a lease', { monotone: false }, { evict: 'boundary' }, /GAP/],
  ['publish C before the flush', { monotone: false }, { publishAfterFlush: false }, /GAP/],
  ['a boundary that ignores C', { monotone: false }, { boundaryBelowCold: false }, /GAP/],
  ['add the tiers', { monotone: false, overlap: 1 }, { addTiers: true }, /DOUBLE COUNT/],
  ['hot leaves out windows below the boundary', { monotone: false }, { freeze: true }, /GAP|NOT CONVERGED/],
  ['no session token', {}, { sessionToken: false }, /REGRESSION/],
  ['no session token, with an overlap', { overlap: 1 }, { sessionToken: false }, /REGRESSION/],
  [
    'withdrawals that delete',
    { withdrawn: [1], zombie: true, monotone: false },
    { tombstones: false },
    /NOT CONVERGED/,
  ],
  [
    'corrections without an id',
    { corrected: [1], late: [], monotone: false },
    { correctionIds: false },
    /DOUBLE COUNT/,
  ],
  ['a frontier before every task has reported', { tasks: 2, monotone: false, late: [] }, { allTasks: false }, /GAP/],
  [
    'an end of input that moves the boundary',
    { end: true, monotone: false, late: [] },
    { endIsNoBoundary: false },
    /GAP/,
  ],
])('found: %s', (_, part, rules, says) => {
  const { violated, trace } = explore(made(part, rules), 1_000_000)
  expect(violated).toMatch(says)
  expect(trace.length).toBeGreaterThan(2)
})
