/**
 * Owns one version of the results in both tiers as a reader opens it: sessions, what is known, and who answers. Opened
 * with the first question; one that could not be opened is tried again with the next.
 */
import {
  type Clock,
  type ColdSession,
  type ColdStore,
  type HotSession,
  type HotStore,
  StreamError,
} from '@tidemark/core'
import { DirectFetcher } from './direct.ts'
import { Fetcher } from './fetch.ts'
import { Knowledge } from './knowledge.ts'
import { Reader } from './reader.ts'
import type { Settings } from './registers.ts'
import type { Rules } from './rules.ts'
import { agreed } from './settings.ts'
import { Standstill } from './standstill.ts'
import type { View } from './view.ts'

export interface ReadingOptions<K> {
  readonly view: View<K>
  readonly hot: HotStore
  readonly cold: ColdStore
  readonly settings: Omit<Settings, 'partitions'>
  readonly maxWaitMs: number
  readonly clock: Clock
  readonly rules: Rules
  /** Written without a log: both stores are asked for everything. */
  readonly isDirect: boolean
}

export interface OpenLayer<K, V, W> {
  readonly hot: HotSession
  readonly cold: ColdSession
  readonly partitions: readonly string[]
  /** How long cold keeps results; undefined: for ever. */
  readonly keepForMs: number | undefined
  readonly reader: Reader<K, V, W>
}

export class Layer<K, V, W> {
  readonly #options: ReadingOptions<K>
  readonly standstill: Standstill = new Standstill()
  #opening: Promise<OpenLayer<K, V, W>> | undefined

  constructor(options: ReadingOptions<K>) {
    this.#options = options
  }

  get name(): string {
    return this.#options.view.name
  }

  open(): Promise<OpenLayer<K, V, W>> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined)
    this.#opening = undefined
    await Promise.allSettled([opened?.hot.close(), opened?.cold.close()])
  }

  async #open(): Promise<OpenLayer<K, V, W>> {
    const { view, settings, clock, rules, maxWaitMs, isDirect } = this.#options
    const { name, windowMs } = view
    const cold = await this.#options.cold.open({ name, windowMs })
    let hot: HotSession | undefined
    try {
      if (isDirect) {
        hot = await this.#options.hot.open({ name, windowMs })
        const reader = new Reader<K, V, W>(view, {
          fetcher: new DirectFetcher(hot, cold, settings.keepForMs),
          hot,
          cold,
          clock,
        })
        return { hot, cold, partitions: [], keepForMs: settings.keepForMs, reader }
      }
      const said = await agreed(cold, name, { ...settings, partitions: [] })
      if (said === undefined) throw neverFilled(name)
      const { partitions, keepForMs } = said
      hot = await this.#options.hot.open({ name, windowMs })
      const knowledge = new Knowledge({ cold, partitions, leaseMs: settings.leaseMs, keepForMs, clock, rules })
      const fetcher = new Fetcher({ ...settings, hot, cold, partitions, knowledge, clock, rules, maxWaitMs })
      return { hot, cold, partitions, keepForMs, reader: new Reader<K, V, W>(view, { fetcher, hot, cold, clock }) }
    } catch (error) {
      await Promise.allSettled([cold.close(), hot?.close()])
      throw error
    }
  }
}

function neverFilled(name: string): StreamError {
  return new StreamError(
    'RESULTS_INCOMPLETE',
    `The tiers of '${name}': found that nothing has ever been written to them, expected them to be filled from the log. Start run() in some process, with the same stores and names.`,
    { retryable: true },
  )
}
