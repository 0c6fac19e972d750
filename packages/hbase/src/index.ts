/** HBase for Tidemark, over a Thrift2 gateway: a cold store and a sink for results. */
export { type HBaseStoreOptions, hbaseStore } from './store/hbase-store.ts'
export type { Credential, GatewayOptions } from './client/options.ts'
export type { Headers, TlsOptions } from './client/http-channel.ts'
