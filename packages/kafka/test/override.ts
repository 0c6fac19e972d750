// A cluster with some requests answered otherwise.
import type { Cluster, Kafka } from '../src/index.ts'

export function override(kafka: Kafka, change: (inner: Cluster) => Partial<Cluster>): Kafka {
  return {
    kind: `changed ${kafka.kind}`,
    connect: async () => {
      const inner = await kafka.connect()
      const changed = change(inner)
      return new Proxy(inner, {
        get: (target, name) => {
          if (name in changed) return Reflect.get(changed, name) as unknown
          const found = Reflect.get(target, name, target) as unknown
          return typeof found === 'function' ? (found.bind(target) as unknown) : found
        },
      })
    },
  }
}

/** What is read of it until the end ends where all is decided, instead of waiting for open transactions. */
export function decidedOnly(kafka: Kafka): Kafka {
  return override(kafka, (inner) => ({ offsets: (node, places, time) => inner.offsets(node, places, time, true) }))
}
