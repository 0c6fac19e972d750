/** How the demos write: a width, colours where they are wanted, columns, and times in UTC. */
export interface Screen {
  /** Writes one line. */
  readonly line: (text?: string) => void
  /** Writes a line that the next status replaces; on something that is no terminal only the last one is written. */
  readonly status: (text: string, last: boolean) => void
  readonly width: number
  readonly paint: (colour: Colour, text: string) => string
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const
export type Colour = keyof typeof CODES

interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** The terminal (or pipe, or file) behind `out`: at most 100 columns; no colours with NO_COLOR or when piped. */
export function screenOf(out: Terminal, env: { readonly [name: string]: string | undefined }): Screen {
  const live = out.isTTY === true
  const colours = env['NO_COLOR'] ? false : live || (env['FORCE_COLOR'] ?? '0') !== '0'
  const columns = out.columns ?? Number(env['COLUMNS'] ?? 100)
  const width = columns >= 60 ? Math.min(columns, 100) : 100
  // A line that is written while a status stands takes its place.
  let standing = false
  return {
    width,
    line: (text = '') => {
      out.write(`${standing ? '\r\u001B[K' : ''}${text.trimEnd()}\n`)
      standing = false
    },
    status: (text, last) => {
      if (live) {
        out.write(`\r${text}\u001B[K${last ? '\n' : ''}`)
        standing = !last
      } else if (last) out.write(`${text}\n`)
    },
    paint: (colour, text) => (colours ? `\u001B[${CODES[colour]}m${text}\u001B[0m` : text),
  }
}

/** Cells beside each other: a negative width aligns to the right; text that is too long is cut. */
export function columns(widths: readonly number[], cells: readonly (string | number)[]): string {
  return cells
    .map((cell, i) => {
      const wanted = widths[i] ?? 0
      const text = typeof cell === 'number' ? cell.toLocaleString('en-US') : cell
      const cut = text.length > Math.abs(wanted) ? `${text.slice(0, Math.abs(wanted) - 1)}…` : text
      return wanted < 0 ? cut.padStart(-wanted) : cut.padEnd(wanted)
    })
    .join('')
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (n: number): string => String(n).padStart(2, '0')

/** `Thu 1 Feb` */
export function day(ms: number): string {
  return `${DAYS[new Date(ms).getUTCDay()]} ${date(ms)}`
}

/** ` 1 Feb` */
export function date(ms: number): string {
  const at = new Date(ms)
  return `${String(at.getUTCDate()).padStart(2)} ${MONTHS[at.getUTCMonth()]}`
}

/** ` 1 Feb 06:39` */
export function time(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'end of input'
  const at = new Date(ms)
  return `${date(ms)} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`
}

/** `3d 21h` */
export function span(ms: number): string {
  const hours = Math.floor(ms / 3_600_000)
  return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`
}
