/**
 * Owns calls to a gateway: sent on a channel of the pool, tried again within bounds where that is safe. A call that
 * cannot be repeated is sent again only if it certainly was not sent before.
 */
import { StreamError } from '@tidemark/core'
import type { Call } from '../thrift/methods.ts'
import { readReply } from '../thrift/reply.ts'
import { openFramed } from './framed-channel.ts'
import { HttpChannel } from './http-channel.ts'
import type { GatewaySettings } from './options.ts'
import { Pool } from './pool.ts'
import { Trouble } from './retry.ts'

export interface CallOptions {
  /** Asked once, before a call that HBase refused without naming a lasting reason is made again. May throw what it finds. */
  readonly beforeRetry?: () => Promise<void>
}

export class Gateway {
  readonly #settings: GatewaySettings
  readonly #pool: Pool

  constructor(settings: GatewaySettings) {
    this.#settings = settings
    const { address, clock, connections, timeoutMs, inFlight, idleMs, maxReplyBytes } = settings
    const common = { clock, timeoutMs, inFlight, maxReplyBytes }
    const framed = address.transport === 'tcp'
    this.#pool = new Pool({
      shown: address.shown,
      clock,
      idleMs,
      // The agent of HTTP has connections of its own.
      channels: framed ? connections : 1,
      open: async () =>
        framed
          ? openFramed(address, common)
          : new HttpChannel(address, { ...common, connections, headers: settings.headers, tls: settings.tls }),
    })
  }

  /** Whether tables can be created with split keys: a framed gateway would take its whole frame for each. */
  get canSplit(): boolean {
    return this.#settings.address.transport !== 'tcp'
  }

  get shown(): string {
    return this.#settings.address.shown
  }

  /** How many calls are worth making at a time. */
  get parallel(): number {
    const { address, connections, inFlight } = this.#settings
    return address.transport === 'tcp' ? connections * inFlight : connections
  }

  /** @throws StreamError what the call fails with, after `patience` where it is worth another attempt */
  async call<T>(call: Call<T>, options: CallOptions = {}): Promise<T> {
    const trouble = new Trouble(this.#settings)
    let checked = false
    for (;;) {
      try {
        return await this.once(call)
      } catch (error) {
        if (!mayRepeat(call, error)) throw error
        if (!checked && error instanceof StreamError && error.code === 'HBASE_BUSY') {
          checked = true
          await options.beforeRetry?.()
        }
        await trouble.over(error)
      }
    }
  }

  /** Patience for what makes attempts of its own. */
  trouble(): Trouble {
    return new Trouble(this.#settings)
  }

  /** One attempt. */
  async once<T>({ message, success }: Call<T>): Promise<T> {
    return this.#pool.with(async (channel) => {
      const { from, sequence } = await channel.send(message)
      try {
        return readReply(from, message.method, sequence, success)
      } catch (error) {
        // Whatever else comes on it may be as wrong.
        if (error instanceof StreamError && error.code === 'HBASE_BAD_REPLY') channel.close(error)
        throw error
      }
    })
  }

  close(): void {
    this.#pool.close()
  }
}

function mayRepeat(call: Call<unknown>, error: unknown): boolean {
  if (!(error instanceof StreamError) || !error.retryable) return false
  return call.repeatable || error.code === 'HBASE_UNREACHABLE'
}
