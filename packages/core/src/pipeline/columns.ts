/** Owns text in columns for people: labels with what they say, wrapped beside them, and names with numbers. */

export type Row = readonly [label: string, text: string]

/** Lines are no longer than this, unless a single word is. */
const WIDTH = 110
const INDENT = '  '

/** Rows as lines, the second column aligned. */
export function inColumns(rows: readonly Row[]): readonly string[] {
  const left = Math.max(...rows.map(([label]) => label.length))
  return rows.flatMap(([label, text]) =>
    wrapped(text, WIDTH - INDENT.length - left - 2).map(
      (line, i) => `${INDENT}${(i === 0 ? label : '').padEnd(left)}  ${line}`,
    ),
  )
}

/** Names with numbers as lines: the names to the left, the numbers under the end of their heads. */
export function inTable(
  heads: readonly string[],
  rows: readonly (readonly [name: string, ...numbers: string[]])[],
): readonly string[] {
  const left = Math.max(...rows.map(([name]) => name.length))
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => (row[i + 1] ?? '').length)))
  return [['', ...heads], ...rows].map(([name = '', ...cells]) =>
    [`${INDENT}${name.padEnd(left)}`, ...cells.map((cell, i) => cell.padStart(widths[i] as number))]
      .join('  ')
      .trimEnd(),
  )
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
