/**
 * Owns how descriptions print: a trigger, a gate, a window assigner, a watermark strategy is a frozen value, and its text
 * is its `kind`, by which `explain()` calls it.
 */

/**
 * Freezes a description and makes it print its `kind`.
 * @example described({ kind: 'mine(3)', decide: () => 'emit', emitted: () => undefined })
 */
export function described<const T extends { readonly kind: string }>(description: T): Readonly<T> {
  // Not enumerable: equality and snapshots see plain data, and a copy under another name does not keep it.
  return Object.freeze(Object.defineProperty(description, 'toString', { value: kindOf }))
}

function kindOf(this: { readonly kind: string }): string {
  return this.kind
}
