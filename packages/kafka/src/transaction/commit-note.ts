/**
 * Owns what is committed beside an offset: the watermark of the split there, and how far the changelog of its task went.
 * It is text that operators of a cluster can read, too.
 */
import { timeOfText, timeText } from '../records/progress.ts'

export interface CommitNote {
  readonly watermark: number
  /** Behind the last record of the task in the changelog. */
  readonly changelogEnd: bigint
}

const PATTERN = /^tidemark 1 W=(-?\d+|-inf|inf) C=(\d+)$/

export function encodeNote({ watermark, changelogEnd }: CommitNote): string {
  return `tidemark 1 W=${timeText(watermark)} C=${changelogEnd}`
}

/** Undefined for what somebody else has written there. */
export function decodeNote(text: string): CommitNote | undefined {
  const found = PATTERN.exec(text)
  if (found === null) return undefined
  const [, time = '', end = ''] = found
  return { watermark: timeOfText(time), changelogEnd: BigInt(end) }
}
