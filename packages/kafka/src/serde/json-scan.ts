/**
 * Owns reading some fields of a JSON object straight from its bytes, in one pass that checks all of it. Where the pass
 * meets what it does not settle itself (an error, a key with an escape, deep nesting) it gives up, and the caller asks
 * JSON.parse: so nothing is accepted or refused that JSON.parse would not.
 */
import { asBuffer } from './as-buffer.ts'
import { shortText } from './text-cache.ts'

/** What a field of an object was found to be. */
export const FOUND = { missing: 0, number: 1, string: 2, boolean: 3, null: 4, other: 5 } as const

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39

/** Nesting below a field that fits in the bits of one number. */
const DEEPEST = 31
/** Whole numbers of so many digits, and powers of ten up to 22, are exact in a double, and so is their quotient. */
const EXACT_DIGITS = 15
const POWERS = Array.from({ length: EXACT_DIGITS + 1 }, (_, i) => 10 ** i)

/** 1: a byte that may follow a backslash by itself. */
const ESCAPED = Uint8Array.from({ length: 256 }, (_, byte) => ('"\\/bfnrt'.includes(String.fromCharCode(byte)) ? 1 : 0))
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => (/[0-9a-fA-F]/.test(String.fromCharCode(byte)) ? 1 : 0))

/** Gives up on the record in hand. */
const GIVE_UP = -1

export class JsonScan {
  /** Per field what it was last found to be, and its value. */
  readonly found: number[]
  readonly values: unknown[]
  readonly #names: readonly Uint8Array[]
  #bytes: Uint8Array = new Uint8Array(0)
  #end = 0
  /** The value of the number or string read last. */
  #number = 0
  #plainString = true
  /** The field that is likely to come next: records of a topic mostly have their fields in one order. */
  #likely = 0

  constructor(names: readonly string[]) {
    this.#names = names.map((name) => new TextEncoder().encode(name))
    this.found = names.map(() => FOUND.missing)
    this.values = names.map(() => undefined)
  }

  /** Reads bytes[start, end); false: not settled here, and what was found means nothing. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    const { found } = this
    for (let i = 0; i < found.length; i++) found[i] = FOUND.missing
    this.#bytes = bytes
    this.#end = end
    this.#likely = 0
    let at = this.#space(start)
    if (at >= end || bytes[at] !== OPEN_OBJECT) return false
    at = this.#space(at + 1)
    if (bytes[at] === CLOSE_OBJECT) return at < end && this.#space(at + 1) === end
    for (;;) {
      if (at >= end || bytes[at] !== QUOTE) return false
      const keyStart = at + 1
      at = keyStart
      let byte = 0
      while (at < end && (byte = bytes[at] as number) !== QUOTE && byte !== BACKSLASH && byte >= 0x20) at++
      if (at >= end || byte !== QUOTE) return false
      const field = this.#fieldOf(keyStart, at)
      at = this.#space(at + 1)
      if (at >= end || bytes[at] !== COLON) return false
      at = this.#space(at + 1)
      at = field < 0 ? this.#skip(at) : this.#take(field, at)
      if (at === GIVE_UP) return false
      at = this.#space(at)
      if (at >= end) return false
      if (bytes[at] === CLOSE_OBJECT) return this.#space(at + 1) === end
      if (bytes[at] !== COMMA) return false
      at = this.#space(at + 1)
    }
  }

  /** The place of the next byte that is no white space. */
  #space(at: number): number {
    const bytes = this.#bytes
    const end = this.#end
    while (at < end) {
      const byte = bytes[at] as number
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) return at
      at++
    }
    return at
  }

  /** Which field the key in bytes[start, end) names; −1: none. */
  #fieldOf(start: number, end: number): number {
    const names = this.#names
    const bytes = this.#bytes
    const length = end - start
    const count = names.length
    let field = this.#likely
    for (let tried = 0; tried < count; tried++) {
      const name = names[field] as Uint8Array
      if (name.length === length) {
        let i = 0
        while (i < length && name[i] === bytes[start + i]) i++
        if (i === length) {
          this.#likely = field + 1 === count ? 0 : field + 1
          return field
        }
      }
      field = field + 1 === count ? 0 : field + 1
    }
    return -1
  }

  /** Reads the value of a field; of a key that comes twice the last one counts. */
  #take(field: number, at: number): number {
    const bytes = this.#bytes
    const byte = at < this.#end ? (bytes[at] as number) : 0
    if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      const end = this.#readNumber(at)
      this.found[field] = FOUND.number
      this.values[field] = this.#number
      return end
    }
    const end = this.#skip(at)
    if (end === GIVE_UP) return end
    switch (byte) {
      case QUOTE:
        this.found[field] = FOUND.string
        this.values[field] = this.#plainString
          ? (shortText(bytes, at + 1, end - 1) ?? asBuffer(bytes).toString('utf8', at + 1, end - 1))
          : (JSON.parse(asBuffer(bytes).toString('utf8', at, end)) as unknown)
        return end
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        this.found[field] = FOUND.other
        return end
      case 0x6e:
        this.found[field] = FOUND.null
        return end
      default:
        this.found[field] = FOUND.boolean
        this.values[field] = byte === 0x74
        return end
    }
  }

  /** Checks a value of any kind; returns the place behind it. */
  #skip(at: number): number {
    const bytes = this.#bytes
    const end = this.#end
    let depth = 0
    /** One bit for each container that is open, the innermost lowest; 1: an object. */
    let objects = 0
    for (;;) {
      // A value begins here.
      if (at >= end) return GIVE_UP
      const byte = bytes[at] as number
      if (byte === QUOTE) at = this.#skipString(at)
      else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) at = this.#readNumber(at)
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        const isObject = byte === OPEN_OBJECT
        at = this.#space(at + 1)
        if (at >= end) return GIVE_UP
        if (bytes[at] === (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) at++
        else {
          if (depth === DEEPEST) return GIVE_UP
          depth++
          objects = (objects << 1) | (isObject ? 1 : 0)
          if (isObject) at = this.#skipKey(at)
          if (at === GIVE_UP) return GIVE_UP
          continue
        }
      } else at = this.#skipWord(at, byte)
      if (at === GIVE_UP) return GIVE_UP
      // A value has ended here: close what ends with it, or go to the next one.
      for (;;) {
        if (depth === 0) return at
        at = this.#space(at)
        if (at >= end) return GIVE_UP
        const isObject = (objects & 1) === 1
        if (bytes[at] === COMMA) {
          at = this.#space(at + 1)
          if (isObject) at = this.#skipKey(at)
          if (at === GIVE_UP) return GIVE_UP
          break
        }
        if (bytes[at] !== (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) return GIVE_UP
        at++
        depth--
        objects >>>= 1
      }
    }
  }

  /** A key with its colon, up to its value. */
  #skipKey(at: number): number {
    if (at >= this.#end || this.#bytes[at] !== QUOTE) return GIVE_UP
    at = this.#skipString(at)
    if (at === GIVE_UP) return GIVE_UP
    at = this.#space(at)
    return at < this.#end && this.#bytes[at] === COLON ? this.#space(at + 1) : GIVE_UP
  }

  #skipString(at: number): number {
    const bytes = this.#bytes
    const end = this.#end
    this.#plainString = true
    at++
    for (;;) {
      let byte = 0
      while (at < end && (byte = bytes[at] as number) !== QUOTE && byte !== BACKSLASH && byte >= 0x20) at++
      if (at >= end) return GIVE_UP
      if (byte === QUOTE) return at + 1
      if (byte !== BACKSLASH || at + 1 >= end) return GIVE_UP
      this.#plainString = false
      const escape = bytes[at + 1] as number
      if (ESCAPED[escape] === 1) at += 2
      else if (escape === 0x75 && at + 6 <= end) {
        for (let i = at + 2; i < at + 6; i++) if (HEX[bytes[i] as number] === 0) return GIVE_UP
        at += 6
      } else return GIVE_UP
    }
  }

  /** Reads a number into #number. */
  #readNumber(start: number): number {
    const bytes = this.#bytes
    const end = this.#end
    let at = start
    if (bytes[at] === MINUS) at++
    let digits = 0
    let whole = 0
    let scale = 0
    const first = at < end ? (bytes[at] as number) - ZERO : -1
    if (first < 0 || first > 9) return GIVE_UP
    if (first === 0) at++
    else {
      let digit = first
      do {
        whole = whole * 10 + digit
        digits++
        at++
        digit = at < end ? (bytes[at] as number) - ZERO : -1
      } while (digit >= 0 && digit <= 9)
    }
    if (at < end && bytes[at] === POINT) {
      const point = at++
      let digit = at < end ? (bytes[at] as number) - ZERO : -1
      while (digit >= 0 && digit <= 9) {
        whole = whole * 10 + digit
        at++
        digit = at < end ? (bytes[at] as number) - ZERO : -1
      }
      scale = at - point - 1
      if (scale === 0) return GIVE_UP
      digits += scale
    }
    let exponent = false
    if (at < end && ((bytes[at] as number) | 0x20) === 0x65) {
      exponent = true
      at++
      if (at < end && (bytes[at] === MINUS || bytes[at] === 0x2b)) at++
      const power = at
      while (at < end && (bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at++
      if (at === power) return GIVE_UP
    }
    if (exponent || digits > EXACT_DIGITS) this.#number = Number(asBuffer(bytes).toString('latin1', start, at))
    else {
      const value = scale === 0 ? whole : whole / (POWERS[scale] as number)
      this.#number = bytes[start] === MINUS ? -value : value
    }
    return at
  }

  /** true, false or null. */
  #skipWord(at: number, first: number): number {
    const word = first === 0x74 ? 'true' : first === 0x66 ? 'false' : 'null'
    if (at + word.length > this.#end) return GIVE_UP
    for (let i = 0; i < word.length; i++) if (this.#bytes[at + i] !== word.charCodeAt(i)) return GIVE_UP
    return at + word.length
  }
}
