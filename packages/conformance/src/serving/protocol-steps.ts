// Every step that the model of the two tiers can take from a state: engine, hot writer, cold writer, boundary, reader,
// evictor, and the faults.
import {
  type Config,
  type State,
  END,
  completeUpTo,
  copyOf,
  corrected,
  frontier,
  idle,
  isCorrection,
  isReport,
  pane,
  windowOf,
} from './protocol-state.ts'
import { answer, canRead } from './protocol-read.ts'

type Step = readonly [name: string, next: State]

export function steps(config: Config, s: State): readonly Step[] {
  const found: Step[] = []
  const may = (name: string, change: (t: State) => void): void => {
    const t = copyOf(s)
    change(t)
    found.push([name, t])
  }
  engine(config, s, may)
  hot(config, s, may)
  cold(config, s, may)
  readers(config, s, may)
  return found
}

type May = (name: string, change: (t: State) => void) => void

/** Which task makes the results of a window. */
const ownerOf = (config: Config, w: number): number => (config.tasks === 1 ? 0 : (w - 1) % 2)

function engine(config: Config, s: State, may: May): void {
  const has = (entry: number): boolean => s.log.includes(entry)
  const ended = has(frontier(0, END))
  for (let w = 1; w <= config.windows; w++) {
    const task = ownerOf(config, w)
    const turn = config.tasks === 2 || w === 1 || has(pane(w - 1, 1))
    const waits = config.end && w === config.windows && !ended
    if (!has(pane(w, 1)) && turn && !waits)
      may(`on-time pane ${w}`, (t) => {
        t.belowFrontier[w] = config.idle && completeUpTo(config, t.log, t.log.length) >= w
        t.log.push(pane(w, 1), frontier(task, w))
      })
    if (config.late.includes(w) && has(pane(w, 1)) && !has(pane(w, 2)))
      may(`late pane ${w}`, (t) => void t.log.push(pane(w, 2)))
    if (config.withdrawn.includes(w) && has(pane(w, 2)) && !has(pane(w, 3, true)))
      may(`withdrawal ${w}`, (t) => void t.log.push(pane(w, 3, true)))
    if (config.corrected.includes(w) && has(pane(w, 1)) && !has(corrected(w)))
      may(`correction ${w}`, (t) => void t.log.push(corrected(w)))
  }
  if (config.end && !ended && has(pane(config.windows - 1, 1)))
    may('end of input', (t) => void t.log.push(frontier(0, END)))
  if (config.tasks === 2)
    for (const task of [0, 1]) {
      const own = Array.from({ length: config.windows }, (_, i) => i + 1).filter((w) => ownerOf(config, w) === task)
      const done = own.every((w) => has(pane(w, 1)))
      if (done && !has(frontier(task, config.windows)))
        may(`task ${task} is through`, (t) => void t.log.push(frontier(task, config.windows)))
      if (config.idle && !done && !has(idle(task))) may(`task ${task} is idle`, (t) => void t.log.push(idle(task)))
    }
}

function put(config: Config, cells: number[], corrections: number[], entry: number): void {
  const w = windowOf(entry)
  if (isCorrection(entry)) {
    corrections[w] = config.rules.correctionIds ? 1 : corrections[w]! + 1
    return
  }
  const cell = entry % 16
  if (config.rules.compareAndSet && cells[w]! >> 1 >= cell >> 1) return
  cells[w] = cell & 1 && !config.rules.tombstones ? 0 : cell
}

function hot(config: Config, s: State, may: May): void {
  const { rules } = config
  if (s.hotAt < s.log.length)
    may('hot applies', (t) => {
      const entry = t.log[t.hotAt++]!
      const w = windowOf(entry)
      if (isReport(entry) || (rules.evictedStaysOut && w <= t.evicted) || (rules.freeze && w <= t.B)) return
      put(config, t.hot, t.hotCorrections, entry)
      t.announced = Math.max(t.announced, t.hotAt)
      t.everHot[w] = t.everHot[w] || !isCorrection(entry)
    })
  const back = (t: State): void => {
    t.hotAt = t.hotKept
    t.adrift = 'no'
  }
  const moves = s.adrift === 'no' || (s.adrift === 'yes' && !rules.oneLife)
  if (!moves) may('hot writer goes back', back)
  if (s.hotKept < s.hotAt) {
    if (moves)
      may('hot keeps its position', (t) => {
        t.hotKept = t.hotAt
        t.adrift = 'no'
      })
    may('hot writer crashes', back)
  }
  if (config.failover && !s.failedOver) {
    const { snapshot } = s
    if (snapshot === null)
      may('replica falls behind here', (t) => {
        t.snapshot = { hot: t.hot.slice(), announced: t.announced, kept: t.hotKept }
      })
    else
      may('failover loses writes', (t) => {
        t.failedOver = true
        t.believes = false
        t.hot = snapshot.hot.map((cell, w) => (w <= t.evicted ? 0 : cell))
        t.announced = snapshot.announced
        if (rules.positionInHot) {
          t.adrift = t.hotKept === snapshot.kept ? 'yes' : 'blocked'
          t.hotKept = snapshot.kept
        }
        t.snapshot = null
      })
  }
  if (config.zombie && s.zombies < 1)
    for (const [i, entry] of s.log.entries())
      if (!isReport(entry) && windowOf(entry) > s.evicted)
        may(`an old writer writes entry ${i} to hot`, (t) => {
          t.zombies++
          t.announced = Math.max(t.announced, i + 1)
          put(config, t.hot, t.hotCorrections, entry)
        })
}

function cold(config: Config, s: State, may: May): void {
  const { rules } = config
  if (s.coldAt < s.log.length)
    may('cold gathers', (t) => {
      const entry = t.log[t.coldAt++]!
      if (isReport(entry)) return
      if (isCorrection(entry)) t.bufferCorrections[windowOf(entry)]!++
      else if (t.buffer[windowOf(entry)]! >> 1 < (entry % 16) >> 1) t.buffer[windowOf(entry)] = entry % 16
    })
  if (s.durable < s.coldAt)
    may('cold flushes', (t) => {
      for (let w = 1; w <= config.windows; w++) {
        if (t.buffer[w]! > 0) put(config, t.cold, t.coldCorrections, w * 16 + t.buffer[w]!)
        for (let i = 0; i < t.bufferCorrections[w]!; i++) put(config, t.cold, t.coldCorrections, corrected(w))
      }
      t.buffer.fill(0)
      t.bufferCorrections.fill(0)
      t.durable = t.coldAt
    })
  if (s.coldKept < s.durable) may('cold keeps its position', (t) => void (t.coldKept = t.durable))
  if (s.coldAt > s.coldKept)
    may('cold writer crashes', (t) => {
      t.coldAt = t.durable = t.coldKept
      t.buffer.fill(0)
      t.bufferCorrections.fill(0)
    })
  const reached = completeUpTo(config, s.log, rules.publishAfterFlush ? s.durable : s.coldAt)
  if (reached > s.C) may(`C becomes ${reached}`, (t) => void (t.C = reached))
  if (s.B < (rules.boundaryBelowCold ? s.C : config.windows)) may('the boundary moves', (t) => void t.B++)
}

function readers(config: Config, s: State, may: May): void {
  const { rules } = config
  if (s.readerB < s.B && !(rules.sessionToken && config.monotone && s.durable <= newestSeen(s)))
    may('the reader adopts the boundary', (t) => void (t.readerB = t.B))
  const next = s.evicted + 1
  const allowed = { ttl: true, boundary: next <= s.B - config.overlap, lease: next <= s.readerB - config.overlap }
  if (next <= config.windows && allowed[rules.evict])
    may(`window ${next} is evicted`, (t) => {
      t.evicted = next
      t.hot[next] = 0
      t.hotCorrections[next] = 0
    })
  if (config.monotone && canRead(s))
    may('a read', (t) => {
      t.believes = true
      t.token = Math.max(t.token, rules.countsAnnounced ? t.announced : t.hotKept)
      for (const [w, cell] of answer(config, t, t.readerB).out.entries())
        if (cell >> 1 > t.seen[w]! >> 1) t.seen[w] = cell
    })
}

/** The position of the newest entry that the reader has seen; −1: none. */
function newestSeen(s: State): number {
  let newest = -1
  for (const [i, entry] of s.log.entries())
    if (!isReport(entry) && !isCorrection(entry) && s.seen[windowOf(entry)] === entry % 16) newest = i
  return newest
}
