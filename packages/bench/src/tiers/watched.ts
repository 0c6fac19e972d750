/** Owns stores that count what is asked of them, so that a bench knows when all is written and how often it was read. */
import type { ColdSession, ColdStore, HotSession, HotStore } from '@tidemark/core'

export interface Counts {
  written: number
  reads: number
}

export interface Watched<S> {
  readonly store: S
  readonly counts: Counts
}

/** `keeps: false`: cells are taken and forgotten, everything else is as it is. */
interface Keeping {
  readonly keeps: boolean
}

export function watchedHot(store: HotStore, { keeps }: Keeping): Watched<HotStore> {
  const counts: Counts = { written: 0, reads: 0 }
  const open: HotStore['open'] = async (aggregation) => {
    const session = await store.open(aggregation)
    return instead<HotSession>(session, {
      write: async (shard, cells, options) => {
        const written = await session.write(shard, keeps ? cells : [], options)
        counts.written += cells.length
        return written
      },
      read: (keys, from, to) => {
        counts.reads++
        return session.read(keys, from, to)
      },
    })
  }
  return { store: { kind: store.kind, serveForMs: store.serveForMs, open }, counts }
}

export function watchedCold(store: ColdStore, { keeps }: Keeping): Watched<ColdStore> {
  const counts: Counts = { written: 0, reads: 0 }
  const open: ColdStore['open'] = async (aggregation) => {
    const session = await store.open(aggregation)
    return instead<ColdSession>(session, {
      put: async (cells, options) => {
        await session.put(keeps ? cells : [], options)
        counts.written += cells.length
      },
      read: (keys, from, to) => {
        counts.reads++
        return session.read(keys, from, to)
      },
    })
  }
  return { store: { kind: store.kind, epochZeroOnly: store.epochZeroOnly, open }, counts }
}

/** The session with some of its methods replaced; the others keep their own `this`. */
function instead<S extends object>(session: S, methods: Partial<S>): S {
  return new Proxy(session, {
    get: (target, name) => {
      const value: unknown = Reflect.get(name in methods ? methods : target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
