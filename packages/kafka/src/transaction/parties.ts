/** Owns what descriptions of sources and sinks tell the transactions of their job, and nobody else. */

/** What a source says that is shared by a group. */
export interface SharedSettings {
  readonly topics: readonly string[]
  readonly instance: string | undefined
}

const sources: WeakMap<object, SharedSettings> = new WeakMap()
const topics: WeakMap<object, string> = new WeakMap()

export function registerSource(source: object, settings: SharedSettings): void {
  sources.set(source, settings)
}

export function sharedOf(source: object): SharedSettings | undefined {
  return sources.get(source)
}

export function registerSink(sink: object, topic: string): void {
  topics.set(sink, topic)
}

/** The topic of a sink that writes in transactions. */
export function topicOf(sink: object): string {
  const topic = topics.get(sink)
  if (topic === undefined) throw new TypeError('an exactly-once sink was copied: give the job what kafkaSink made')
  return topic
}
