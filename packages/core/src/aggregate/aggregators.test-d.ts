// What aggregates yield, as types.
import type { Aggregator } from './aggregator.ts'
import type { Aggregators, Outcome } from './aggregators.ts'
import type { Ranked } from './top-k.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A, B>(yes: Same<A, B>): void

interface View {
  readonly page: string
  readonly dwellMs: number
  readonly user: string | undefined
}
declare const a: Aggregators<View>
declare function ewma<T>(
  of: (value: T) => number,
  options: { readonly alpha: number },
): Aggregator<T, { readonly mean: number }, number>

const one = a.mean((view) => view.dwellMs)
same<Outcome<typeof one>, number>(true)
const several = {
  n: a.count(),
  slowest: a.max((view) => view.dwellMs),
  page: a.min((view) => view.page),
  first: a.first((view) => view.user),
  all: a.collect({ max: 3 }),
  pages: a.collect({ max: 3, of: (view) => view.page }),
  users: a.distinct((view) => view.user ?? 'anonymous'),
  top: a.topK((view) => view.page, { k: 3 }),
  longest: a.reduce((x, y) => (x.dwellMs > y.dwellMs ? x : y)),
  slow: a.fold({ create: () => 0, add: (n, view) => n + view.dwellMs, merge: (x, y) => x + y }),
  shown: a.fold({
    create: () => 0,
    add: (n, view) => n + view.dwellMs,
    merge: (x, y) => x + y,
    result: (n) => n.toFixed(1),
  }),
  own: ewma((view: View) => view.dwellMs, { alpha: 0.1 }),
  used: a.use(ewma((view) => view.dwellMs, { alpha: 0.1 })),
  result: a.count(),
  create: a.count(),
}
same<
  Outcome<typeof several>,
  {
    readonly n: number
    readonly slowest: number
    readonly page: string
    readonly first: string | undefined
    readonly all: readonly View[]
    readonly pages: readonly string[]
    readonly users: number
    readonly top: readonly Ranked<string>[]
    readonly longest: View
    readonly slow: number
    readonly shown: string
    readonly own: number
    readonly used: number
    readonly result: number
    readonly create: number
  }
>(true)

// @ts-expect-error: a text cannot be added up
a.sum((view) => view.page)
// @ts-expect-error: undefined has no order
a.min((view) => view.user)
// @ts-expect-error: undefined is no key
a.distinct((view) => view.user)
// @ts-expect-error: a collection states how much it may keep
a.collect({})
// @ts-expect-error: a top list states how long it is
a.topK((view) => view.page)
// @ts-expect-error: sessions merge, so a fold has a merge
a.fold({ create: () => 0, add: (n: number) => n })
