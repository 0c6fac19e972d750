/** Owns the buffer that something is unpacked into: it grows up to a cap, and refuses what would go beyond. */
import { StreamError } from '@tidemark/core'
import { malformed } from './malformed.ts'

/** Copying fewer bytes than this is faster one by one than by a call into the engine. */
const SHORT = 32

export class Output {
  bytes: Uint8Array
  size = 0
  readonly #cap: number

  constructor(guess: number, cap: number) {
    this.bytes = new Uint8Array(Math.min(guess, cap))
    this.#cap = cap
  }

  /** Appends from[start, end). */
  literals(from: Uint8Array, start: number, end: number): void {
    const length = end - start
    this.#reserve(length)
    const { bytes } = this
    let at = this.size
    if (length >= SHORT) bytes.set(from.subarray(start, end), at)
    else for (let i = start; i < end; i++) bytes[at++] = from[i] as number
    this.size += length
  }

  /** Appends `length` bytes that stand `distance` before the end; they may overlap what is being appended. */
  match(distance: number, length: number): void {
    const from = this.size - distance
    if (distance === 0 || from < 0)
      throw malformed('A packed batch', `a reference ${distance} bytes back`, `1 to ${this.size}`)
    this.#reserve(length)
    const { bytes, size } = this
    if (length >= SHORT && distance >= length) bytes.copyWithin(size, from, from + length)
    else for (let i = 0; i < length; i++) bytes[size + i] = bytes[from + i] as number
    this.size = size + length
  }

  result(): Uint8Array {
    return this.bytes.subarray(0, this.size)
  }

  #reserve(more: number): void {
    const needed = this.size + more
    if (needed <= this.bytes.length) return
    if (needed > this.#cap) throw tooLarge(this.#cap)
    const grown = new Uint8Array(Math.min(this.#cap, Math.max(needed, this.bytes.length * 2)))
    grown.set(this.bytes.subarray(0, this.size))
    this.bytes = grown
  }
}

export function tooLarge(cap: number): StreamError {
  return new StreamError(
    'KAFKA_TOO_LARGE',
    `A record batch: found more than ${cap} bytes once unpacked, expected at most that. Raise maxDecompressedBytes if such batches are meant, or have the producer write smaller ones.`,
  )
}
