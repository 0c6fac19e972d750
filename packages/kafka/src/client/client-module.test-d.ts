import type * as Client from '@platformatic/kafka'
import { expectTypeOf, test } from 'vitest'
import type {
  AddPartitionsAnswer,
  ClientModule,
  CodeAnswer,
  ConnectionSettings,
  CoordinatorAnswer,
  JoinGroupAnswer,
  LeaveGroupAnswer,
  ListOffsetsAnswer,
  MetadataAnswer,
  OffsetCommitAnswer,
  OffsetFetchAnswer,
  ProducerIdAnswer,
  SyncGroupAnswer,
  WireConnection,
  WireReader,
  WireWriter,
} from './client-module.ts'

type Answer<A extends { readonly api: { readonly async: (...args: never[]) => Promise<unknown> } }> = Awaited<
  ReturnType<A['api']['async']>
>

test('the client is what its slice says', () => {
  expectTypeOf<Client.Connection>().toExtend<WireConnection>()
  expectTypeOf<Client.Writer>().toExtend<WireWriter>()
  expectTypeOf<Client.Reader>().toExtend<WireReader>()
  expectTypeOf<Pick<ConnectionSettings, 'connectTimeout' | 'requestTimeout'>>().toExtend<Client.ConnectionOptions>()
  expectTypeOf<Answer<typeof Client.metadataV12>>().toExtend<MetadataAnswer>()
  expectTypeOf<Answer<typeof Client.listOffsetsV7>>().toExtend<ListOffsetsAnswer>()
  expectTypeOf<Answer<typeof Client.findCoordinatorV4>>().toExtend<CoordinatorAnswer>()
  expectTypeOf<Answer<typeof Client.offsetFetchV8>>().toExtend<OffsetFetchAnswer>()
  expectTypeOf<Answer<typeof Client.offsetCommitV8>>().toExtend<OffsetCommitAnswer>()
  expectTypeOf<Answer<typeof Client.joinGroupV9>>().toExtend<JoinGroupAnswer>()
  expectTypeOf<Answer<typeof Client.syncGroupV5>>().toExtend<SyncGroupAnswer>()
  expectTypeOf<Answer<typeof Client.heartbeatV4>>().toExtend<CodeAnswer>()
  expectTypeOf<Answer<typeof Client.leaveGroupV5>>().toExtend<LeaveGroupAnswer>()
  expectTypeOf<Answer<typeof Client.initProducerIdV4>>().toExtend<ProducerIdAnswer>()
  expectTypeOf<Answer<typeof Client.addPartitionsToTxnV3>>().toExtend<AddPartitionsAnswer>()
  expectTypeOf<Answer<typeof Client.addOffsetsToTxnV3>>().toExtend<CodeAnswer>()
  expectTypeOf<Answer<typeof Client.txnOffsetCommitV3>>().toExtend<OffsetCommitAnswer>()
  expectTypeOf<Answer<typeof Client.endTxnV3>>().toExtend<CodeAnswer>()
  expectTypeOf<keyof ClientModule>().toExtend<keyof typeof Client>()
})

test('requests take what is given to them', () => {
  expectTypeOf<typeof Client.metadataV12.api.async>().toBeCallableWith({} as Client.Connection, ['t'], false)
  const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1n }]
  expectTypeOf<typeof Client.listOffsetsV7.api.async>().toBeCallableWith({} as Client.Connection, -1, 1, [
    { name: 't', partitions },
  ])
  expectTypeOf<typeof Client.findCoordinatorV4.api.async>().toBeCallableWith({} as Client.Connection, 0, ['group'])
  expectTypeOf<typeof Client.initProducerIdV4.api.async>().toBeCallableWith({} as Client.Connection, null, 0, -1n, -1)
  const protocols = [{ name: 'p', metadata: Buffer.alloc(0) }]
  expectTypeOf<typeof Client.joinGroupV9.api.async>().toBeCallableWith(
    {} as Client.Connection,
    'group',
    10_000,
    60_000,
    'member',
    null,
    'consumer',
    protocols,
    null,
  )
  const assignments = [{ memberId: 'member', assignment: Buffer.alloc(0) }]
  expectTypeOf<typeof Client.syncGroupV5.api.async>().toBeCallableWith(
    {} as Client.Connection,
    'group',
    1,
    'member',
    null,
    'consumer',
    'p',
    assignments,
  )
  expectTypeOf<typeof Client.heartbeatV4.api.async>().toBeCallableWith(
    {} as Client.Connection,
    'group',
    1,
    'member',
    null,
  )
  const leaving = [{ memberId: 'member', groupInstanceId: null, reason: null }]
  expectTypeOf<typeof Client.leaveGroupV5.api.async>().toBeCallableWith({} as Client.Connection, 'group', leaving)
})
