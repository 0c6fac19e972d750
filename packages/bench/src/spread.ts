/** Owns how figures of several runs are shown: the median, and in brackets the lowest and highest. */
export function spread(numbers: readonly number[], digits: number): string {
  const sorted = numbers.toSorted((a, b) => a - b)
  const text = (n: number | undefined): string => (n ?? Number.NaN).toFixed(digits)
  return `${text(sorted[Math.floor(sorted.length / 2)])} (${text(sorted[0])}–${text(sorted.at(-1))})`
}
