/**
 * Owns how long the engine keeps the host's thread: it goes on until it has taken its time, then the host has its turn.
 * That is the host's time, not the job's: a job in virtual time has to leave room for others too.
 */
import { systemClock, yieldToHost } from '../time/system-clock.ts'

/** Longer is felt by a server in the same process. */
const LONGEST_MS = 10
/** Where the host's clock does not move, this many batches are a turn. */
const MOST_BATCHES = 16

export interface Host {
  readonly now: () => number
  /** Lets the host do what waits. */
  readonly next: () => Promise<void>
}

const theHost: Host = { now: () => systemClock.now(), next: yieldToHost }

export class Turn {
  readonly #host: Host
  #begunAt: number
  #batches = 0

  constructor(host: Host = theHost) {
    this.#host = host
    this.#begunAt = host.now()
  }

  /** After a batch: a promise where the host has its turn now. */
  afterBatch(): Promise<void> | undefined {
    return ++this.#batches >= MOST_BATCHES ? this.yield() : this.pause()
  }

  /** Amid other work: a promise where the host has its turn now. */
  readonly pause = (): Promise<void> | undefined => {
    const taken = this.#host.now() - this.#begunAt
    // A clock that was set back says nothing about the time taken.
    return taken >= 0 && taken < LONGEST_MS ? undefined : this.yield()
  }

  /** The host has its turn now, whatever was taken. */
  async yield(): Promise<void> {
    await this.#host.next()
    this.begin()
  }

  /** The host has just had its turn. */
  begin(): void {
    this.#batches = 0
    this.#begunAt = this.#host.now()
  }
}
