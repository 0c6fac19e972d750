/** HBase for Tidemark, over a Thrift2 gateway: a cold store, a sink for results, and a scan as a source. */
export { hbaseStore } from './store/hbase-store.ts'
export type { HBaseStoreOptions } from './store/options.ts'
export type { Credential, GatewayOptions } from './client/options.ts'
export type { Headers, TlsOptions } from './client/http-channel.ts'
export { type HBaseSinkOptions, hbaseSink } from './sink/hbase-sink.ts'
export { type HBaseRow, type HBaseSourceOptions, hbaseSource } from './source/hbase-source.ts'
export type { Codec } from './codec.ts'
