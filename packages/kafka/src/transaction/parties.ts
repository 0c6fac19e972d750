/** Owns what descriptions of sources and sinks tell the transactions of their job, and nobody else. */

import type { WriteOptions } from '../sink/options.ts'

/** What a source says that is shared by a group. */
export interface SharedSettings {
  readonly topics: readonly string[]
  readonly instance: string | undefined
}

const sources: WeakMap<object, SharedSettings> = new WeakMap()
const sinks: WeakMap<object, WriteOptions> = new WeakMap()

export function registerSource(source: object, settings: SharedSettings): void {
  sources.set(source, settings)
}

export function sharedOf(source: object): SharedSettings | undefined {
  return sources.get(source)
}

export function registerSink(sink: object, options: WriteOptions): void {
  sinks.set(sink, options)
}

/** What a sink that writes in transactions was told. */
export function optionsOf(sink: object): WriteOptions {
  const options = sinks.get(sink)
  if (options === undefined) throw new TypeError('an exactly-once sink was copied: give the job what kafkaSink made')
  return options
}
