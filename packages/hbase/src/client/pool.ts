/**
 * Owns the channels to a gateway: opened when needed, shared by many calls, dropped when they fail or were idle for so
 * long that the gateway will have closed them. Calls beyond what all channels take wait in order.
 */
import type { Clock, StreamError } from '@tidemark/core'
import { type Channel, closedByUs } from './channel.ts'

export interface PoolOptions {
  readonly shown: string
  readonly clock: Clock
  /** How many channels at most. */
  readonly channels: number
  /** A channel that was idle for so long is not used again. */
  readonly idleMs: number
  readonly open: () => Promise<Channel>
}

interface Entry {
  readonly channel: Channel
  /** Calls that have it. */
  load: number
  usedAt: number
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: StreamError) => void
}

export class Pool {
  readonly #options: PoolOptions
  #entries: Entry[] = []
  #opening = 0
  readonly #waiters: Waiter[] = []
  #closed = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** How many channels there are. */
  get size(): number {
    return this.#entries.length + this.#opening
  }

  /**
   * Lets `use` send on a channel with room; waits for one.
   * @throws StreamError HBASE_UNREACHABLE when a new channel is needed and cannot be had; what `use` throws
   */
  async with<T>(use: (channel: Channel) => Promise<T>): Promise<T> {
    const entry = await this.#acquire()
    try {
      return await use(entry.channel)
    } finally {
      entry.load--
      entry.usedAt = this.#options.clock.now()
      this.#waiters.shift()?.resolve()
    }
  }

  close(): void {
    this.#closed = true
    for (const { channel } of this.#entries.splice(0)) channel.close()
    for (const { reject } of this.#waiters.splice(0)) reject(closedByUs(this.#options.shown))
  }

  async #acquire(): Promise<Entry> {
    for (;;) {
      if (this.#closed) throw closedByUs(this.#options.shown)
      const best = this.#best()
      const full = this.#entries.length + this.#opening >= this.#options.channels
      // A channel of its own for each call, as long as there may be more.
      if (best !== undefined && (best.load === 0 || full)) {
        best.load++
        return best
      }
      if (!full) return this.#open()
      await new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }))
    }
  }

  /** The channel with the least to do, of those with room. */
  #best(): Entry | undefined {
    const { clock, idleMs } = this.#options
    const now = clock.now()
    let best: Entry | undefined
    this.#entries = this.#entries.filter(({ channel, load, usedAt }) => {
      if (!channel.closed && load === 0 && now - usedAt >= idleMs) channel.close()
      return !channel.closed
    })
    for (const entry of this.#entries) {
      if (entry.load < entry.channel.capacity && (best === undefined || entry.load < best.load)) best = entry
    }
    return best
  }

  async #open(): Promise<Entry> {
    this.#opening++
    try {
      const channel = await this.#options.open()
      if (this.#closed) {
        channel.close()
        throw closedByUs(this.#options.shown)
      }
      const entry = { channel, load: 1, usedAt: this.#options.clock.now() }
      this.#entries.push(entry)
      return entry
    } catch (error) {
      // Whoever waits for room finds out for itself.
      this.#waiters.shift()?.resolve()
      throw error
    } finally {
      this.#opening--
    }
  }
}
