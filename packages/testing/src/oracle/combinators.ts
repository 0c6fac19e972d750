/** Owns the triggers made of others. */
import { Part } from './part.ts'
import type { Moment } from './when.ts'

export class Repeatedly extends Part {
  record(at: Moment): void {
    this.subs[0]?.record(at)
  }

  ready(at: Moment): boolean {
    return this.subs[0]?.ready(at) === true
  }

  fire(at: Moment): void {
    const [sub] = this.subs
    sub?.fire(at)
    if (sub?.finished === true) sub.reset()
  }

  join(from: readonly Part[], at: Moment): void {
    this.joinSub(0, from, at)
  }
}

/** Fires and finishes with the first of its subs. */
export class AfterFirst extends Part {
  record(at: Moment): void {
    for (const sub of this.subs) sub.record(at)
  }

  ready(at: Moment): boolean {
    return this.subs.some((sub) => sub.finished || sub.ready(at))
  }

  fire(at: Moment): void {
    for (const sub of this.subs) {
      if (!sub.finished && sub.ready(at)) sub.fire(at)
      // The pane that the others were waiting for is gone.
      else sub.clear()
    }
    this.finished = true
  }

  join(from: readonly Part[], at: Moment): void {
    for (const i of this.subs.keys()) this.joinSub(i, from, at)
    this.finished = this.subs.some(({ finished }) => finished)
  }
}

/** Fires and finishes when all of its subs are ready. */
export class AfterAll extends Part {
  record(at: Moment): void {
    for (const sub of this.subs) if (!sub.finished) sub.record(at)
  }

  ready(at: Moment): boolean {
    return this.subs.every((sub) => sub.finished || sub.ready(at))
  }

  fire(at: Moment): void {
    for (const sub of this.subs) if (!sub.finished) sub.fire(at)
    this.finished = true
  }

  join(from: readonly Part[], at: Moment): void {
    for (const i of this.subs.keys()) this.joinSub(i, from, at)
    this.finished = this.subs.every(({ finished }) => finished)
  }
}

/** One sub after the other, each until it finishes. */
export class AfterEach extends Part {
  record(at: Moment): void {
    for (const sub of at.merging ? this.subs : this.#inForce()) sub.record(at)
  }

  ready(at: Moment): boolean {
    return this.#inForce().some((sub) => sub.ready(at))
  }

  fire(at: Moment): void {
    for (const sub of this.#inForce()) sub.fire(at)
    if (at.merging) this.clear()
    this.#settle()
  }

  /** Those behind the first that has not finished have not begun. */
  join(from: readonly Part[], at: Moment): void {
    for (const [i, sub] of this.subs.entries()) {
      this.joinSub(i, from, at)
      if (!sub.finished) break
    }
    this.#settle()
  }

  /** The first that has not finished; none if all have. */
  #inForce(): readonly Part[] {
    const sub = this.subs.find(({ finished }) => !finished)
    return sub === undefined ? [] : [sub]
  }

  #settle(): void {
    this.finished = this.#inForce().length === 0
  }
}

/** Its first sub fires; the second ends it. */
export class OrFinally extends Part {
  record(at: Moment): void {
    for (const sub of this.subs) sub.record(at)
  }

  ready(at: Moment): boolean {
    return this.subs.some((sub) => sub.ready(at))
  }

  fire(at: Moment): void {
    const [actual, until] = this.subs as readonly [Part, Part]
    if (until.ready(at)) {
      until.fire(at)
      actual.clear()
    } else {
      // What ends it counts across the panes of the other: it is left alone.
      actual.fire(at)
    }
    this.#settle()
  }

  join(from: readonly Part[], at: Moment): void {
    for (const i of this.subs.keys()) this.joinSub(i, from, at)
    this.#settle()
  }

  #settle(): void {
    this.finished = this.subs.some(({ finished }) => finished)
  }
}
