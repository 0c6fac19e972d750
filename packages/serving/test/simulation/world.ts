// Virtual time and everything that can go wrong, from one seed: calls take their time, answers get lost, processes die or
// live on as zombies, clocks jump. Nothing here waits for the machine.
import { StreamError, type Clock } from '@tidemark/core'

/** A small seeded generator (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export class World {
  readonly random: () => number
  #events: Event[] = []
  #order = 0
  now = 0
  /** Faults of calls happen until then. */
  faultsUntil: number = Number.POSITIVE_INFINITY
  /** Calls of these kinds take this much longer now. */
  readonly slow: Map<string, number> = new Map()
  readonly history: string[] = []

  constructor(seed: number) {
    this.random = randomOf(seed)
  }

  note(what: string): void {
    this.history.push(`${this.now} ${what}`)
  }

  between(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1))
  }

  chance(p: number): boolean {
    return this.random() < p
  }

  after(ms: number, run: () => void): () => void {
    const event: Event = { at: this.now + ms, order: this.#order++, run }
    const events = this.#events
    // Few wait at a time: a sorted list is as good as a heap.
    let i = events.length
    while (
      i > 0 &&
      (events[i - 1]!.at > event.at || (events[i - 1]!.at === event.at && events[i - 1]!.order > event.order))
    )
      i--
    events.splice(i, 0, event)
    return () => {
      const at = this.#events.indexOf(event)
      if (at >= 0) this.#events.splice(at, 1)
    }
  }

  /** Runs until `until`, or until `done` says so between two events. */
  async run(until: number, done: () => boolean = () => false): Promise<void> {
    for (;;) {
      // Lets what was woken run to its next call. Were it cut short, it would go on after the next event: as good.
      for (let i = 0; i < 40; i++) await Promise.resolve()
      const [next] = this.#events
      if (done() || next === undefined || next.at > until) return
      this.#events.shift()
      this.now = next.at
      next.run()
    }
  }
}

/** Something that runs code: it has a clock of its own, and may end at any await. */
export class Process {
  readonly world: World
  readonly name: string
  alive = true
  /** How far its clock is off. */
  skew = 0

  constructor(world: World, name: string) {
    this.world = world
    this.name = name
  }

  readonly clock: Clock = {
    now: () => this.world.now + this.skew,
    wakeAt: (at, wake) =>
      this.world.after(Math.max(0, at - this.clock.now()), () => {
        if (this.alive) wake()
      }),
  }

  kill(): void {
    this.alive = false
  }

  /** A call over the network: it may come late, fail, fail after it was done; a dead process never hears of it. */
  call<T>(kind: string, work: () => Promise<T>): Promise<T> {
    const { world } = this
    const faulty = world.now < world.faultsUntil
    const fate = faulty ? world.random() : 1
    const delay =
      world.between(1, 30) +
      (world.slow.get(kind) ?? 0) +
      (faulty && world.chance(0.02) ? world.between(500, 4_000) : 0)
    return new Promise<T>((resolve, reject) => {
      world.after(delay, () => {
        const hear = (tell: () => void): void => {
          if (this.alive) tell()
        }
        const lost = (): void =>
          hear(() => reject(new StreamError('UNAVAILABLE', `${kind} of ${this.name} failed`, { retryable: true })))
        if (fate < 0.004) return lost()
        work().then(
          (answer) => (fate < 0.008 ? lost() : hear(() => resolve(answer))),
          (error: unknown) => hear(() => reject(error as Error)),
        )
      })
    })
  }
}
