/**
 * Owns what a gate with a buffer holds back over all keys of a stage, oldest first by the event time of the first record
 * that is pending. The bound is looked at when a step of the task has ended, so that what time has released leaves
 * before the room is counted.
 */
import { encodeValue } from '../aggregate/bytes.ts'
import { StreamError } from '../errors/stream-error.ts'
import type { GateBuffer } from '../trigger/gate.ts'
import { PENDING } from '../pane/numbering.ts'
import { type Cells, Waits } from './cells.ts'
import { LongestWaiting } from './longest-waiting.ts'
import type { WindowStage, Wakes } from './window-stage.ts'

/** A slot that is held; void when the slot's number is another one by now. */
interface Entry {
  readonly cells: Cells
  readonly slot: number
  readonly wakes: Wakes
  readonly number: number
}

export class HeldBack {
  readonly #buffer: GateBuffer
  readonly #stage: WindowStage
  readonly #oldest: LongestWaiting<Entry> = new LongestWaiting()
  #number = 0
  #bytes = 0

  constructor(buffer: GateBuffer, stage: WindowStage) {
    this.#buffer = buffer
    this.#stage = stage
  }

  /** The first record that is pending. */
  begin(cells: Cells, slot: number): void {
    const waits = (cells.waits ??= new Waits(cells.capacity))
    waits.since[slot] = this.#stage.cursor.eventTime
    waits.number[slot] = 0
  }

  /** The gate holds the slot's pane back, now or still. */
  hold(cells: Cells, slot: number, wakes: Wakes): void {
    const waits = cells.waits as Waits
    if (this.#buffer.maxBytes !== undefined) {
      const size = encodeValue([cells.keys?.[slot], cells.accumulators.result(slot)]).length
      this.#bytes += size - (waits.bytes[slot] as number)
      waits.bytes[slot] = size
    }
    if (waits.number[slot] !== 0) return
    this.#push({ cells, slot, wakes, number: (waits.number[slot] = ++this.#number) })
  }

  /** The slot's pane has left, or is void. */
  end(cells: Cells, slot: number): void {
    const waits = cells.waits as Waits
    waits.number[slot] = 0
    this.#bytes -= waits.bytes[slot] as number
    waits.bytes[slot] = 0
  }

  /** Of two windows that become one, the earlier first record of those that are pending counts. */
  merge(cells: Cells, into: number, from: number, wakes: Wakes): void {
    const { waits } = cells
    const flags = cells.flags as Uint8Array
    if (waits === undefined || ((flags[from] as number) & PENDING) === 0) return
    const pending = ((flags[into] as number) & PENDING) !== 0
    const since = waits.since[from] as number
    waits.since[into] = pending ? Math.min(waits.since[into] as number, since) : since
    if (waits.number[into] === 0 && waits.number[from] === 0) return
    waits.bytes[into] = (waits.bytes[into] as number) + (waits.bytes[from] as number)
    waits.number[from] = waits.bytes[from] = 0
    // Its place among the others is by its new time.
    this.#push({ cells, slot: into, wakes, number: (waits.number[into] = ++this.#number) })
  }

  /** All slots of a restored stage, in any order: they wait in the order they did. */
  restore(entries: readonly Omit<Entry, 'number'>[]): void {
    const numbered = entries.map((entry) => ({
      ...entry,
      number: (entry.cells.waits as Waits).number[entry.slot] as number,
    }))
    for (const entry of numbered.toSorted((a, b) => a.number - b.number)) {
      this.#push(entry)
      this.#number = entry.number
      this.#bytes += (entry.cells.waits as Waits).bytes[entry.slot] as number
    }
  }

  /** Sees that no more is held than there is room for. */
  settle(): void {
    const { maxKeys = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY, onFull } = this.#buffer
    const stage = this.#stage
    while (stage.held > maxKeys || this.#bytes > maxBytes) {
      if (onFull === 'fail') throw this.#full(stage.held > maxKeys)
      const entry = this.#oldest.take()
      if (entry === undefined) throw new TypeError('held panes are not where they were put')
      if (isHeld(entry)) stage.release(entry.cells, entry.slot, entry.wakes.live(entry.slot))
    }
    // What has left by itself is still in the queue: at most as much again as what is held.
    if (this.#oldest.size > 2 * stage.held + 64) this.#oldest.keep(isHeld)
  }

  #push(entry: Entry): void {
    this.#oldest.push(entry, (entry.cells.waits as Waits).since[entry.slot] as number)
  }

  #full(byKeys: boolean): StreamError {
    const { name, trigger } = this.#stage.options
    const { maxKeys, maxBytes } = this.#buffer
    const found = byKeys
      ? `found ${this.#stage.held} results held back, expected at most maxKeys = ${maxKeys}`
      : `found ${this.#bytes} bytes of results held back, expected at most maxBytes = ${maxBytes}`
    return new StreamError(
      'BUFFER_FULL',
      `The buffer of ${trigger.kind} in '${name}': ${found}. Raise the bound, or let the oldest leave with onFull: 'emitEarly': either goes on from the last checkpoint.`,
      { at: { operator: name } },
    )
  }
}

function isHeld({ cells, slot, number }: Entry): boolean {
  return cells.waits?.number[slot] === number
}
