/** Owns what the error codes of the Kafka protocol mean here: their names, and whether to try again. */
import { StreamError } from '@tidemark/core'

export const CODE = {
  none: 0,
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  notLeader: 6,
  coordinatorLoading: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  inconsistentProtocol: 23,
  unknownMember: 25,
  invalidSessionTimeout: 26,
  rebalanceInProgress: 27,
  topicAuthorizationFailed: 29,
  topicExists: 36,
  groupAuthorizationFailed: 30,
  clusterAuthorizationFailed: 31,
  illegalGeneration: 22,
  duplicateSequence: 46,
  invalidProducerEpoch: 47,
  invalidTransactionState: 48,
  memberIdRequired: 79,
  fencedInstance: 82,
  unstableOffset: 88,
  producerFenced: 90,
} as const

/** [name, try again, ask for new leaders first] */
const CODES: Readonly<Record<number, readonly [string, boolean?, boolean?]>> = {
  [-1]: ['UNKNOWN_SERVER_ERROR'],
  1: ['OFFSET_OUT_OF_RANGE'],
  2: ['CORRUPT_MESSAGE'],
  3: ['UNKNOWN_TOPIC_OR_PARTITION', true, true],
  5: ['LEADER_NOT_AVAILABLE', true, true],
  6: ['NOT_LEADER_OR_FOLLOWER', true, true],
  7: ['REQUEST_TIMED_OUT', true],
  9: ['REPLICA_NOT_AVAILABLE', true, true],
  10: ['MESSAGE_TOO_LARGE'],
  13: ['NETWORK_EXCEPTION', true, true],
  14: ['COORDINATOR_LOAD_IN_PROGRESS', true],
  15: ['COORDINATOR_NOT_AVAILABLE', true],
  16: ['NOT_COORDINATOR', true],
  17: ['INVALID_TOPIC_EXCEPTION'],
  18: ['RECORD_LIST_TOO_LARGE'],
  19: ['NOT_ENOUGH_REPLICAS', true],
  20: ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', true],
  22: ['ILLEGAL_GENERATION'],
  23: ['INCONSISTENT_GROUP_PROTOCOL'],
  24: ['INVALID_GROUP_ID'],
  25: ['UNKNOWN_MEMBER_ID'],
  26: ['INVALID_SESSION_TIMEOUT'],
  27: ['REBALANCE_IN_PROGRESS', true],
  29: ['TOPIC_AUTHORIZATION_FAILED'],
  30: ['GROUP_AUTHORIZATION_FAILED'],
  31: ['CLUSTER_AUTHORIZATION_FAILED'],
  32: ['INVALID_TIMESTAMP'],
  35: ['UNSUPPORTED_VERSION'],
  36: ['TOPIC_ALREADY_EXISTS'],
  38: ['INVALID_REPLICATION_FACTOR'],
  40: ['INVALID_CONFIG'],
  41: ['NOT_CONTROLLER', true],
  44: ['POLICY_VIOLATION'],
  45: ['OUT_OF_ORDER_SEQUENCE_NUMBER'],
  46: ['DUPLICATE_SEQUENCE_NUMBER'],
  47: ['INVALID_PRODUCER_EPOCH'],
  48: ['INVALID_TXN_STATE'],
  49: ['INVALID_PRODUCER_ID_MAPPING'],
  50: ['INVALID_TRANSACTION_TIMEOUT'],
  51: ['CONCURRENT_TRANSACTIONS', true],
  52: ['TRANSACTION_COORDINATOR_FENCED'],
  53: ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED'],
  55: ['OPERATION_NOT_ATTEMPTED'],
  56: ['KAFKA_STORAGE_ERROR', true, true],
  59: ['UNKNOWN_PRODUCER_ID'],
  74: ['FENCED_LEADER_EPOCH', true, true],
  75: ['UNKNOWN_LEADER_EPOCH', true, true],
  78: ['OFFSET_NOT_AVAILABLE', true],
  79: ['MEMBER_ID_REQUIRED'],
  81: ['GROUP_MAX_SIZE_REACHED'],
  82: ['FENCED_INSTANCE_ID'],
  87: ['INVALID_RECORD'],
  88: ['UNSTABLE_OFFSET_COMMIT', true],
  90: ['PRODUCER_FENCED'],
}

/** The name that Kafka gives an error code. */
export function nameOf(code: number): string {
  return CODES[code]?.[0] ?? `error ${code}`
}

/** Whether the same request may succeed later. */
export function mayRetry(code: number): boolean {
  return CODES[code]?.[1] === true
}

/** Whether to look for the leader before. */
export function wantsMetadata(code: number): boolean {
  return CODES[code]?.[2] === true
}

const REMEDIES: Readonly<Record<number, string>> = {
  3: 'Create the topic, or check its name.',
  10: 'Write smaller values, or raise max.message.bytes of the topic.',
  17: 'Choose a name of letters, digits, dots, dashes and underscores.',
  23: 'The group has members that share out their work in another way: use a group of its own.',
  24: 'Name the group.',
  25: 'Stop the consumers of the group, or use a group of its own.',
  26: 'Choose a session timeout between group.min.session.timeout.ms and group.max.session.timeout.ms of the brokers.',
  29: 'Give the user the permission: Describe and Read on what is read, Describe and Write on what is written; on the changelog of an exactly-once job all three, and Create where it is to be made.',
  30: 'Give the user Read on the group.',
  31: 'Give the user the permission on the cluster (IdempotentWrite for brokers before 3.0).',
  38: 'Ask for no more replicas than there are brokers: commit: { replication } of the sink.',
  32: 'Write timestamps nearer to the clock of the brokers, or raise message.timestamp.before.max.ms or message.timestamp.after.max.ms of the topic.',
  35: 'Use brokers of version 3.5 or newer.',
  50: 'Ask for a shorter transaction timeout, or raise transaction.max.timeout.ms of the brokers.',
  53: 'Give the user Write on the transactional id.',
  81: 'Stop members, or raise group.max.size of the brokers.',
}

/** An answer that is no success; `answer` is its code. */
export class Refusal extends StreamError {
  readonly answer: number

  constructor(what: string, answer: number) {
    super(
      'KAFKA_REFUSED',
      `${what}: found the answer ${nameOf(answer)}, expected success. ${REMEDIES[answer] ?? 'Look in the log of the broker for the reason.'}`,
      { retryable: mayRetry(answer) },
    )
    this.answer = answer
  }
}

/** An answer that a job cannot go on with, or not at once. */
export function refused(what: string, code: number): Refusal {
  return new Refusal(what, code)
}
