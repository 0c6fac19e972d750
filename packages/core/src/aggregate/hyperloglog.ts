/**
 * Owns HyperLogLog: how many distinct keys there were, in 16 KiB, however many. 2^14 registers over a 64-bit hash
 * (Flajolet et al. 2007, Heule et al. 2013), read with the improved estimator of Ertl ("New cardinality estimation
 * algorithms for HyperLogLog sketches", 2017), which needs no table of biases and no threshold. Standard error 0.81 %.
 * Invariant: a sketch depends only on the set of keys, not on their order or on how they were merged.
 */
import type { KeyId } from '../state/key.ts'
import { badBytes, type ByteReader, type ByteWriter } from './byte-stream.ts'
import { hashKey } from './hash.ts'

const PRECISION = 14
const REGISTERS = 2 ** PRECISION
/** Bits of the hash beside the register's number. A register says where the first 1 among them was, 0 for none seen. */
const Q = 64 - PRECISION

export class HyperLogLog {
  readonly #registers: Uint8Array = new Uint8Array(REGISTERS)
  /** How many registers have each value: an estimate needs no more, so it does not walk through the registers. */
  readonly #histogram: Uint32Array = new Uint32Array(Q + 2)

  constructor() {
    this.#histogram[0] = REGISTERS
  }

  add(id: KeyId): void {
    const high = hashKey(id, 0)
    const rest = high << PRECISION
    const rank = rest === 0 ? Q - 32 + Math.clz32(hashKey(id, SECOND_SEED)) + 1 : Math.clz32(rest) + 1
    this.#raise(high >>> (32 - PRECISION), rank)
  }

  merge(other: HyperLogLog): void {
    for (let i = 0; i < REGISTERS; i++) this.#raise(i, other.#registers[i] as number)
  }

  estimate(): number {
    const histogram = this.#histogram
    let z = REGISTERS * tau(1 - (histogram[Q + 1] as number) / REGISTERS)
    for (let k = Q; k >= 1; k--) z = 0.5 * (z + (histogram[k] as number))
    z += REGISTERS * sigma((histogram[0] as number) / REGISTERS)
    return Math.round((REGISTERS * REGISTERS) / (2 * Math.LN2 * z))
  }

  /** Six bits a register: four in three bytes. */
  write(to: ByteWriter): void {
    const packed = new Uint8Array((REGISTERS / 4) * 3)
    for (let i = 0, at = 0; i < REGISTERS; i += 4, at += 3) {
      const [a, b, c, d] = this.#registers.subarray(i, i + 4) as unknown as [number, number, number, number]
      const bits = (a << 18) | (b << 12) | (c << 6) | d
      packed[at] = bits >> 16
      packed[at + 1] = bits >> 8
      packed[at + 2] = bits
    }
    to.raw(packed)
  }

  static read(from: ByteReader): HyperLogLog {
    const sketch = new HyperLogLog()
    const packed = from.raw((REGISTERS / 4) * 3)
    for (let i = 0, at = 0; i < REGISTERS; i += 4, at += 3) {
      const bits = ((packed[at] as number) << 16) | ((packed[at + 1] as number) << 8) | (packed[at + 2] as number)
      for (let j = 0; j < 4; j++) {
        const rank = (bits >> (18 - 6 * j)) & 63
        if (rank > Q + 1) throw badBytes(`a register of ${rank}`)
        sketch.#raise(i + j, rank)
      }
    }
    return sketch
  }

  #raise(register: number, rank: number): void {
    const before = this.#registers[register] as number
    if (rank <= before) return
    this.#registers[register] = rank
    this.#histogram[before] = (this.#histogram[before] as number) - 1
    this.#histogram[rank] = (this.#histogram[rank] as number) + 1
  }
}

const SECOND_SEED = 0x9747b28c

/** What registers that have seen nothing add (Ertl, algorithm 6). */
function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY
  let x = share
  let y = 1
  let z = x
  for (let before = Number.NaN; z !== before; y += y) {
    x *= x
    before = z
    z += x * y
  }
  return z
}

/** What full registers add. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0
  let x = share
  let y = 1
  let z = 1 - x
  for (let before = Number.NaN; z !== before;) {
    x = Math.sqrt(x)
    before = z
    y *= 0.5
    z -= (1 - x) ** 2 * y
  }
  return z / 3
}
