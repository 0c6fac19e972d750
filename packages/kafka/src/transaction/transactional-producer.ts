/**
 * Owns exactly-once writing: records to any partitions of some topics, and the offsets they were made of, decided
 * together. One transaction is open at a time; what is appended belongs to it.
 *
 * Invariants: whoever has been fenced writes nothing more and never takes the id back; a commit whose outcome is not
 * known is asked for again, never taken for a failure; after an abort the producer has a new epoch and counts anew.
 */
import { StreamError, reasonOf } from '@tidemark/core'
import type { Cluster, CommittedPlace, GroupMember, Place, ProducerId } from '../client/cluster.ts'
import { CODE, Refusal, refused } from '../client/error-codes.ts'
import { type Patience, pause, persist } from '../client/retry.ts'
import { splitOf } from '../fetch/partition.ts'
import { type Outlet, Producer, type ProducerSettings } from '../sink/producer.ts'
import { openPatience } from '../source/start-positions.ts'

export interface TransactionSettings extends ProducerSettings {
  /** Stable for the owner of the work: a restart under the same id fences the last run and aborts what it left open. */
  readonly transactionalId: string
  /** The broker aborts a transaction that is open for longer. */
  readonly timeoutMs: number
}

/** The offsets that a transaction's records were made of. */
export interface Offsets {
  readonly member: GroupMember
  readonly places: readonly CommittedPlace[]
}

/** Answers to somebody whose id has a new owner. */
const FENCED: readonly number[] = [CODE.invalidProducerEpoch, CODE.producerFenced, 49, 52]
/** Answers to a member that does not own its partitions any more. */
const NOT_OWNER: readonly number[] = [CODE.illegalGeneration, CODE.unknownMember, CODE.fencedInstance]

/** Answers that would be the same again: what is too large, stamped too far ahead or invalid, and what is not permitted. */
const HOPELESS: readonly number[] = [10, 18, 29, 30, 31, 32, 53, 87]

const MOST_TO_CLOSE_MS = 1_000

export class TransactionalProducer {
  readonly #cluster: Cluster
  readonly #settings: TransactionSettings
  #identity: ProducerId
  #producer: Producer | undefined
  /** Partitions that the open transaction has told the coordinator of. Cleared when it ends. */
  readonly #registered: Set<string> = new Set()
  /** The coordinator may know of an open transaction. Cleared when it ends. */
  #open = false
  /** Requests to the coordinator, one after the other; how many are not answered. */
  #requests = 0
  #tail: Promise<unknown> = Promise.resolve()
  /** What ended this producer for good. */
  #fatal: StreamError | undefined

  private constructor(cluster: Cluster, settings: TransactionSettings, identity: ProducerId) {
    this.#cluster = cluster
    this.#settings = settings
    this.#identity = identity
  }

  /** Fences whoever had the id, and waits until what was left open is decided. The cluster is closed with it, or at once. */
  static async open(
    cluster: Cluster,
    topics: readonly string[],
    settings: TransactionSettings,
  ): Promise<TransactionalProducer> {
    const { transactionalId, timeoutMs } = settings
    try {
      const producer = await persist(openPatience(settings), () => cluster.initTransactions(transactionalId, timeoutMs))
      const made = new TransactionalProducer(cluster, settings, producer)
      const register = (places: readonly Place[]): Promise<void> => made.#inTurn(() => made.#register(places))
      made.#producer = await Producer.open(cluster, topics, settings, { producer, transactionalId, register })
      return made
    } catch (error) {
      await cluster.close()
      throw error
    }
  }

  outlet(topic: string): Outlet {
    return this.#records.outlet(topic)
  }

  /** Sends what waits; a promise only where too much does. */
  send(): Promise<void> | undefined {
    if (this.#fatal !== undefined) throw this.#fatal
    return this.#records.send()
  }

  /**
   * Commits everything appended since the last commit or abort, and the offsets with it; those are asked for once all
   * records are acknowledged.
   * @throws KAFKA_ABORTED: nothing of it counts, and the same may be written again; KAFKA_NOT_OWNER: likewise, and the
   * partitions belong to somebody else now; KAFKA_REFUSED: likewise, and the same would be refused again; KAFKA_FENCED: the id has a new owner; KAFKA_OUTCOME_UNKNOWN: the decision was
   * sent and nobody answered. The last two are final: only a producer that is opened anew can go on.
   */
  async commit(offsets?: Offsets | (() => Offsets)): Promise<void> {
    if (this.#fatal !== undefined) throw this.#fatal
    try {
      await this.#records.flush()
      const given = typeof offsets === 'function' ? offsets() : offsets
      if (given !== undefined && given.places.length > 0) await this.#inTurn(() => this.#commitOffsets(given))
    } catch (error) {
      this.#throwIfFenced(error)
      await this.abort()
      throw aborted(this.#settings.transactionalId, error)
    }
    if (!this.#open) return
    try {
      await this.#inTurn(() => this.#end(true))
    } catch (error) {
      this.#throwIfFenced(error)
      throw this.#final(unknownOutcome(this.#settings.transactionalId, error))
    }
    this.#registered.clear()
    this.#open = false
  }

  /** Drops everything since the last commit; the producer goes on under a new epoch. */
  async abort(): Promise<void> {
    if (this.#fatal !== undefined) throw this.#fatal
    const { transactionalId, timeoutMs } = this.#settings
    try {
      await this.#records.halt()
      // With the epoch we have: had the id a new owner, that one would be left alone.
      if (this.#open) await this.#inTurn(() => this.#end(false))
      this.#identity = await persist(this.#patience, () =>
        this.#cluster.initTransactions(transactionalId, timeoutMs, this.#identity),
      )
    } catch (error) {
      this.#throwIfFenced(error)
      throw this.#final(unknownOutcome(transactionalId, error))
    }
    this.#registered.clear()
    this.#open = false
    this.#records.reset(this.#identity)
  }

  /** What is open is aborted where that takes no long time: readers would wait for it until its timeout. */
  async close(): Promise<void> {
    if (this.#open && this.#fatal === undefined) {
      const { over, wake } = pause(this.#settings.clock, MOST_TO_CLOSE_MS)
      const aborted = this.#records.halt().then(() => this.#drop())
      await Promise.race([aborted.catch(() => {}), over])
      wake()
    }
    await this.#records.close()
  }

  /** Asks once to abort; not while something is being decided. */
  async #drop(): Promise<void> {
    if (this.#requests > 0 || !this.#open) return
    const { transactionalId } = this.#settings
    await this.#inTurn(() => this.#cluster.endTransaction(transactionalId, this.#identity, false))
  }

  get #records(): Producer {
    return this.#producer as Producer
  }

  get #patience(): Patience {
    return this.#settings
  }

  /** Requests to the coordinator must not overtake each other. */
  #inTurn<T>(request: () => Promise<T>): Promise<T> {
    this.#requests++
    const done = this.#tail.then(request).finally(() => this.#requests--)
    this.#tail = done.catch(() => {})
    return done
  }

  async #register(places: readonly Place[]): Promise<void> {
    const fresh = places.filter((place) => !this.#registered.has(splitOf(place)))
    if (fresh.length === 0) return
    // From here on the coordinator may know, whether or not its answer comes.
    this.#open = true
    await persist(this.#patience, async () => {
      const answers = await this.#cluster.addPartitions(this.#settings.transactionalId, this.#identity, fresh)
      this.#checkAll('Adding', answers)
    })
    for (const place of fresh) this.#registered.add(splitOf(place))
  }

  async #commitOffsets({ member, places }: Offsets): Promise<void> {
    const { transactionalId } = this.#settings
    this.#open = true
    await persist(this.#patience, async () => {
      const code = await this.#cluster.addOffsets(transactionalId, this.#identity, member.group)
      if (code !== CODE.none) throw refused(`Adding the offsets of group '${member.group}' to a transaction`, code)
    })
    await persist(this.#patience, async () => {
      const answers = await this.#cluster.commitOffsetsIn(transactionalId, this.#identity, member, places)
      this.#checkAll('Committing the offset of', answers)
    })
  }

  async #end(commit: boolean): Promise<void> {
    const { transactionalId } = this.#settings
    await persist(this.#patience, async () => {
      const code = await this.#cluster.endTransaction(transactionalId, this.#identity, commit)
      // Nothing was open after all: what would have opened it never arrived.
      if (code === CODE.none || (!commit && code === CODE.invalidTransactionState)) return
      throw refused(`${commit ? 'Committing' : 'Aborting'} the transaction of '${transactionalId}'`, code)
    })
  }

  /** Throws the worst of the answers: one that does not pass before one that may. */
  #checkAll(what: string, answers: readonly (Place & { readonly error: number })[]): void {
    const bad = answers.filter(({ error }) => error !== CODE.none).map((a) => refused(`${what} ${splitOf(a)}`, a.error))
    const worst = bad.find(({ retryable }) => !retryable) ?? bad[0]
    if (worst !== undefined) throw worst
  }

  #throwIfFenced(error: unknown): void {
    const answer = answerOf(error)
    if (answer !== undefined && FENCED.includes(answer))
      throw this.#final(fenced(this.#settings.transactionalId, error))
  }

  #final(error: StreamError): StreamError {
    this.#fatal = error
    return error
  }
}

function answerOf(error: unknown): number | undefined {
  if (error instanceof Refusal) return error.answer
  // Where patience was over, the answer is in the cause.
  return error instanceof Error && error.cause instanceof Refusal ? error.cause.answer : undefined
}

/** Our own errors need no name in front. */
function why(cause: unknown): string {
  return cause instanceof StreamError ? cause.message : reasonOf(cause)
}

function fenced(id: string, cause: unknown): StreamError {
  return new StreamError(
    'KAFKA_FENCED',
    `The transactional id '${id}': found that another producer has it, or that the transaction took longer than its timeout, expected to be its only owner. This one stops; whoever has the id goes on from what was committed.`,
    { cause },
  )
}

function aborted(id: string, cause: unknown): StreamError {
  const answer = answerOf(cause)
  if (cause instanceof StreamError && answer !== undefined && HOPELESS.includes(answer)) return cause
  if (answer !== undefined && NOT_OWNER.includes(answer)) {
    return new StreamError(
      'KAFKA_NOT_OWNER',
      `The transaction of '${id}' was aborted: found that the partitions it has read belong to another member now, expected to own them. Drop their state: the new owner goes on from what was committed. ${why(cause)}`,
      { cause },
    )
  }
  return new StreamError(
    'KAFKA_ABORTED',
    `The transaction of '${id}' was aborted: nothing of it is seen, and the same may be written again. ${why(cause)}`,
    { cause, retryable: true },
  )
}

function unknownOutcome(id: string, cause: unknown): StreamError {
  return new StreamError(
    'KAFKA_OUTCOME_UNKNOWN',
    `The transaction of '${id}': found nobody who says how it ended, expected an answer. Open a producer under the same id: that decides it, and the committed offsets tell how. ${why(cause)}`,
    { cause },
  )
}
