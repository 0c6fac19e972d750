/** Owns a buffer that small things are encoded into again and again: what it gives is a view, true until it is cleared. */

const FIRST_CAPACITY = 512

export class Scratch {
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_CAPACITY)
  #at = 0

  clear(): void {
    this.#at = 0
  }

  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  byte(value: number): void {
    if (this.#at === this.#bytes.length) this.#reserve(1)
    this.#bytes[this.#at++] = value
  }

  /** A length that is not negative, seven bits a byte. */
  length(value: number): void {
    let rest = value
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.byte((rest & 0x7f) | 0x80)
    this.byte(rest)
  }

  /** A length as record batches have them: zigzag, so twice as large. */
  zigzagLength(value: number): void {
    this.length(value * 2)
  }

  bytes(value: Uint8Array): void {
    const { length } = value
    this.#reserve(length)
    const bytes = this.#bytes
    const at = this.#at
    if (length > 24) bytes.set(value, at)
    else for (let i = 0; i < length; i++) bytes[at + i] = value[i] as number
    this.#at = at + length
  }

  /** Text that is ASCII; false, and nothing written, for other text. */
  ascii(text: string): boolean {
    const { length } = text
    this.#reserve(length)
    const bytes = this.#bytes
    const at = this.#at
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) return false
      bytes[at + i] = code
    }
    this.#at = at + length
    return true
  }

  /** A safe integer in 64 bits, big end first. */
  int64(value: number): void {
    this.#reserve(8)
    const high = Math.floor(value / 2 ** 32)
    this.#bytes.writeInt32BE(high, this.#at)
    this.#bytes.writeUInt32BE(value - high * 2 ** 32, this.#at + 4)
    this.#at += 8
  }

  double(value: number): void {
    this.#reserve(8)
    this.#bytes.writeDoubleBE(value, this.#at)
    this.#at += 8
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#at + more, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}
