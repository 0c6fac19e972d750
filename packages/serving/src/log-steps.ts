/**
 * Owns reading the log so that what belongs together is applied together: a withdrawal is never the last of what is
 * written at once while what follows it may already be there. Else a reader would find neither.
 */
import {
  type Cell,
  type LogEntry,
  type LogSession,
  type LoggedResult,
  StreamError,
  encodeStoredResult,
} from '@tidemark/core'

export interface LogStep {
  readonly entries: readonly LogEntry[]
  readonly next: bigint
  readonly caughtUp: boolean
}

/** Withdrawals that stand together are few: what more than this many do not end with is written as it is. */
const MOST_ENTRIES = 65_536

export async function readStep(
  log: LogSession,
  partition: string,
  from: bigint,
  limit: number,
  waitMs: number,
): Promise<LogStep> {
  for (let most = limit; ; most *= 4) {
    const batch = await log.read(partition, from, most, waitMs)
    if (batch.caughtUp) return batch
    let whole = batch.entries.length
    while (whole > 0 && isWithdrawal(batch.entries[whole - 1] as LogEntry)) whole--
    if (whole === batch.entries.length) return batch
    if (whole > 0)
      return {
        entries: batch.entries.slice(0, whole),
        next: (batch.entries[whole] as LogEntry).offset,
        caughtUp: false,
      }
    if (most >= MOST_ENTRIES) return batch
  }
}

function isWithdrawal(entry: LogEntry): boolean {
  return entry.kind === 'result' && entry.cell.value === null
}

/** The cell that stores keep of a result: it says of itself how final it is. */
export function storedCell({ cell, timing, isLast, records, lateRecords }: LoggedResult): Cell {
  if (cell.value === null) return cell
  return { ...cell, value: encodeStoredResult({ timing, isLast, records, lateRecords, body: cell.value }) }
}

/** Where a writer is sent that the log has forgotten: what it lacks cannot be read any more. */
export function tooShort(who: string, partition: string, from: bigint, first: bigint): StreamError {
  return new StreamError(
    'LOG_TOO_SHORT',
    `The ${who} writer at partition '${partition}': found the log beginning at ${first}, expected it to hold ${from} still. Results in between cannot be read any more. Keep the log for longer than a writer may stand still, at least for as long as hot serves and some days more; to go on, fill a new version of the results by a replay.`,
  )
}
