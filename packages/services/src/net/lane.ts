/** Owns one direction of a proxied connection: bytes come in at their pace and leave delayed, in pieces, in order. */
import type { Socket } from 'node:net'

/** Runs something later and can be called off. */
export type Schedule = (delayMs: number, run: () => void) => () => void

export const onTimers: Schedule = (delayMs, run) => {
  const timer = setTimeout(run, delayMs)
  return () => clearTimeout(timer)
}

export interface Shape {
  readonly latencyMs?: number
  readonly sliceBytes?: number
}

/** Where the sender is told to wait. */
const maxWaiting = 262_144

interface Waiting {
  /** undefined: the sender has finished, and after what is before it so does the lane. */
  bytes: Buffer | undefined
  due: boolean
}

export interface LaneParts {
  readonly from: Socket
  readonly to: Socket
  readonly schedule: Schedule
  readonly shape: () => Shape
  readonly silent: () => boolean
}

export class Lane {
  readonly #parts: LaneParts
  #queue: Waiting[] = []
  #waiting = 0
  /** One piece is on its way: the next one leaves when it has been taken and a turn has passed. */
  #busy = false
  #stopped = false
  readonly #pending = new Set<() => void>()

  constructor(parts: LaneParts) {
    this.#parts = parts
    parts.from.on('data', (bytes: Buffer) => this.#take(bytes))
    parts.from.on('end', () => this.#take(undefined))
  }

  /** Lets go what is due and was held back. */
  go(): void {
    const [first] = this.#queue
    if (this.#stopped || this.#busy || first === undefined || !first.due || this.#parts.silent()) return
    const { to } = this.#parts
    if (first.bytes === undefined) {
      this.#queue.shift()
      to.end()
      return
    }
    const { sliceBytes = first.bytes.length } = this.#parts.shape()
    const piece = first.bytes.subarray(0, sliceBytes)
    if (piece.length === first.bytes.length) this.#queue.shift()
    else first.bytes = first.bytes.subarray(sliceBytes)
    this.#busy = true
    to.write(piece, () => this.#sent(piece.length))
  }

  /** Nothing moves any more. */
  stop(): void {
    this.#stopped = true
    this.#queue = []
    for (const cancel of this.#pending) cancel()
    this.#pending.clear()
  }

  #take(bytes: Buffer | undefined): void {
    const waiting: Waiting = { bytes, due: false }
    this.#queue.push(waiting)
    this.#waiting += bytes?.length ?? 0
    if (this.#waiting >= maxWaiting) this.#parts.from.pause()
    const { latencyMs = 0 } = this.#parts.shape()
    this.#later(latencyMs, () => {
      waiting.due = true
      this.go()
    })
  }

  #sent(length: number): void {
    if (this.#stopped) return
    this.#waiting -= length
    if (this.#waiting < maxWaiting) this.#parts.from.resume()
    const next = (): void => {
      this.#busy = false
      this.go()
    }
    // Pieces written in one turn would arrive as one.
    if (this.#parts.shape().sliceBytes === undefined) next()
    else this.#later(0, next)
  }

  #later(delayMs: number, run: () => void): void {
    if (this.#stopped) return
    if (delayMs === 0 && this.#parts.shape().sliceBytes === undefined) return run()
    const cancel = this.#parts.schedule(delayMs, () => {
      this.#pending.delete(cancel)
      run()
    })
    this.#pending.add(cancel)
  }
}
