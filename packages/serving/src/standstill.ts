/** Owns what one look at positions cannot tell: since when a tier has stood still while the other one is further. */
export class Standstill {
  /** By tier and partition. */
  readonly #seen: Map<string, { readonly at: bigint | undefined; readonly since: number }> = new Map()

  /** How long it has been seen where it is, and behind, ms. */
  note(what: string, at: bigint | undefined, other: bigint | undefined, now: number): number {
    if (other === undefined || (at !== undefined && at >= other)) {
      this.#seen.delete(what)
      return 0
    }
    const before = this.#seen.get(what)
    if (before?.at === at && before !== undefined && before.since <= now) return now - before.since
    this.#seen.set(what, { at, since: now })
    return 0
  }
}
