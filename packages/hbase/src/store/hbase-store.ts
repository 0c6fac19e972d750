/**
 * Owns `hbaseStore`: results in a table of HBase, the newest version of each window kept by HBase itself, because the
 * version is the cell's timestamp. Nothing is ever deleted: a withdrawal is a value that says so.
 */
import { type Aggregation, type ColdSession, type ColdStore, problem, show } from '@tidemark/core'
import { withTable } from './open-table.ts'
import { type HBaseStoreOptions, type StoreSettings, storeSettings } from './options.ts'
import { isSize } from './scheme.ts'

/**
 * A cold store in HBase 2.x behind a Thrift2 gateway. Takes results of epoch 0 only: of jobs that restart with what they
 * knew.
 * @example hbaseStore({ thrift: 'http://gateway:9090', table: 'page_stats' })
 */
export function hbaseStore(options: HBaseStoreOptions): ColdStore {
  const settings = storeSettings(options, 'hbaseStore')
  return Object.freeze({
    kind: `hbase(${settings.table.name})`,
    epochZeroOnly: true,
    ...(settings.keepForMs === undefined ? {} : { keepForMs: settings.keepForMs }),
    open: (aggregation) => openSession(settings, aggregation),
  } satisfies ColdStore)
}

function openSession(settings: StoreSettings, { name, windowMs, signal }: Aggregation): Promise<ColdSession> {
  if (!isSize(windowMs)) {
    const finding = {
      found: show(windowMs),
      expected: 'the size of its windows, a whole number of milliseconds',
      remedy: 'It decides how many windows lie in one row, and must not change.',
    }
    return Promise.reject(problem('HBASE_BAD_NAME', `'windowMs' of the results '${name}'`, finding))
  }
  return withTable(settings, { signal, create: true }, (table) => table.results(name, windowMs))
}
