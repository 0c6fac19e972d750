/** Owns how what was thrown is quoted within a sentence: by its message alone. */

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
