/**
 * Owns the slice of `@platformatic/kafka` that is used here, as types of our own, and how it is loaded: only when a job
 * connects, since loading it takes half a second that a test against the twin need not wait for.
 */

export interface WireReader {
  position: number
  readonly remaining: number
  readonly buffer: { slice(start: number, end: number): Uint8Array }
  readInt16(): number
  readInt32(): number
  readInt64(): bigint
  readUnsignedVarInt(): number
  readNullableString(): string | null
  readTaggedFields(): void
}

export interface WireWriter {
  append(bytes: Buffer): this
  appendInt8(value: number): this
  appendInt16(value: number): this
  appendInt32(value: number): this
  appendInt64(value: bigint): this
  appendUnsignedVarInt(value: number): this
  appendString(value: string | null): this
  appendTaggedFields(): this
}

export interface WireConnection {
  connect(host: string, port: number): void | Promise<void>
  close(): Promise<void>
  isConnected(): boolean
  on(event: 'error', listener: (error: Error) => void): unknown
}

export interface ConnectionSettings {
  readonly connectTimeout: number
  readonly requestTimeout: number
  readonly tls?: object
  readonly sasl?: object
}

/** One request of the protocol in one version. */
export interface Api<in Args extends readonly unknown[], out Answer> {
  readonly async: (connection: never, ...args: Args) => Promise<Answer>
}

interface TopicPartitions<P> {
  readonly name: string
  readonly partitions: readonly P[]
}

export interface MetadataAnswer {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
  readonly topics: readonly {
    readonly errorCode: number
    readonly name?: string | null | undefined
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly leaderId: number
      readonly replicaNodes: readonly number[]
    }[]
  }[]
}

export interface CreateTopicsAnswer {
  readonly topics: readonly { readonly errorCode: number }[]
}

export interface DescribeConfigsAnswer {
  readonly results: readonly {
    readonly errorCode: number
    readonly configs: readonly { readonly name: string; readonly value?: string | null | undefined }[]
  }[]
}

export interface ListOffsetsAnswer {
  readonly topics: readonly TopicPartitions<{
    readonly partitionIndex: number
    readonly errorCode: number
    readonly offset: bigint
  }>[]
}

export interface CoordinatorAnswer {
  readonly coordinators: readonly {
    readonly nodeId: number
    readonly host: string
    readonly port: number
    readonly errorCode: number
  }[]
}

export interface OffsetFetchAnswer {
  readonly groups: readonly {
    readonly errorCode: number
    readonly topics: readonly TopicPartitions<{
      readonly partitionIndex: number
      readonly committedOffset: bigint
      readonly metadata?: string | null | undefined
      readonly errorCode: number
    }>[]
  }[]
}

export interface OffsetCommitAnswer {
  readonly topics: readonly TopicPartitions<{ readonly partitionIndex: number; readonly errorCode: number }>[]
}

export interface ProducerIdAnswer {
  readonly errorCode: number
  readonly producerId: bigint
  readonly producerEpoch: number
}

export interface AddPartitionsAnswer {
  readonly resultsByTransaction: readonly {
    readonly topicResults: readonly {
      readonly name: string
      readonly resultsByPartition: readonly { readonly partitionIndex: number; readonly partitionErrorCode: number }[]
    }[]
  }[]
}

/** An answer that is one error code. */
export interface CodeAnswer {
  readonly errorCode: number
}

export interface JoinGroupAnswer {
  readonly errorCode: number
  readonly generationId: number
  readonly protocolName?: string | null | undefined
  readonly leader: string
  readonly skipAssignment: boolean
  readonly memberId: string
  readonly members: readonly {
    readonly memberId: string
    readonly groupInstanceId?: string | null | undefined
    readonly metadata: Uint8Array
  }[]
}

export interface SyncGroupAnswer {
  readonly errorCode: number
  readonly assignment: Uint8Array
}

export interface LeaveGroupAnswer {
  readonly errorCode: number
  readonly members: readonly { readonly errorCode: number }[]
}

interface Named<A> {
  readonly api: A
}

export interface ClientModule {
  readonly Connection: new (clientId?: string, options?: never) => WireConnection
  readonly Writer: { create(): WireWriter }
  readonly createAPI: (
    apiKey: number,
    apiVersion: number,
    createRequest: (...args: never[]) => never,
    parseResponse: (correlationId: number, apiKey: number, apiVersion: number, reader: never) => never,
  ) => Api<never, unknown>
  readonly metadataV12: Named<Api<never, MetadataAnswer>>
  readonly createTopicsV7: Named<Api<never, CreateTopicsAnswer>>
  readonly describeConfigsV4: Named<Api<never, DescribeConfigsAnswer>>
  readonly listOffsetsV7: Named<Api<never, ListOffsetsAnswer>>
  readonly findCoordinatorV4: Named<Api<never, CoordinatorAnswer>>
  readonly offsetFetchV8: Named<Api<never, OffsetFetchAnswer>>
  readonly offsetCommitV8: Named<Api<never, OffsetCommitAnswer>>
  readonly joinGroupV9: Named<Api<never, JoinGroupAnswer>>
  readonly syncGroupV5: Named<Api<never, SyncGroupAnswer>>
  readonly heartbeatV4: Named<Api<never, CodeAnswer>>
  readonly leaveGroupV5: Named<Api<never, LeaveGroupAnswer>>
  readonly initProducerIdV4: Named<Api<never, ProducerIdAnswer>>
  readonly addPartitionsToTxnV3: Named<Api<never, AddPartitionsAnswer>>
  readonly addOffsetsToTxnV3: Named<Api<never, CodeAnswer>>
  readonly txnOffsetCommitV3: Named<Api<never, OffsetCommitAnswer>>
  readonly endTxnV3: Named<Api<never, CodeAnswer>>
}

export async function loadClient(): Promise<ClientModule> {
  return (await import('@platformatic/kafka')) as unknown as ClientModule
}
