/** Owns how deep the trees of triggers are that a law has been tried on. */

/** How many combinators stand above each other: 0 for a primitive, a policy or a bare afterWatermark. */
export function depthOf(trigger: unknown): number {
  if (typeof trigger !== 'object' || trigger === null || 'policy' in trigger) return 0
  const [[name, of] = []] = Object.entries(trigger) as readonly (readonly [string, unknown])[]
  const parts = Array.isArray(of) ? of : name === 'afterWatermark' ? Object.values(of as object) : [of]
  return Math.max(0, ...parts.map((part) => (typeof part === 'number' ? 0 : depthOf(part) + 1)))
}

/** Sees that the trees of a law are three deep: a third of them at least, and none deeper. */
export class Depths {
  readonly #seen: number[] = [0, 0, 0, 0]

  add(...triggers: readonly unknown[]): void {
    for (const trigger of triggers) {
      const depth = depthOf(trigger)
      this.#seen[depth] = (this.#seen[depth] ?? 0) + 1
    }
  }

  /** @throws Error where the trees are others */
  check(): void {
    const all = this.#seen.reduce((sum, count) => sum + count, 0)
    const [three = 0] = this.#seen.slice(3)
    if (this.#seen.length > 4 || three < all / 3)
      throw new Error(`Of ${all} triggers ${this.#seen.join(', ')} are 0, 1, 2, 3… deep.`)
  }
}
