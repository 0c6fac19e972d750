/** Owns equality by content of what aggregators yield. */

/**
 * Whether two values have the same type and content: arrays, plain objects, Map and Set (in order), Date, typed arrays;
 * instances of other classes by their enumerable properties. −0 is 0 and NaN is NaN.
 */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b || (a !== a && b !== b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (a instanceof Date) return sameValue(a.getTime(), (b as Date).getTime())
  if (a instanceof Map || a instanceof Set)
    return sameValue([...(a as Iterable<unknown>)], [...(b as Iterable<unknown>)])
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length || (Array.isArray(a) && a.length !== (b as unknown[]).length)) return false
  return names.every(
    (name) => Object.hasOwn(b, name) && sameValue(a[name as keyof typeof a], b[name as keyof typeof b]),
  )
}
