// Reads the TypeScript programs out of a Markdown page.
//
//   ```ts            compiled and run
//   ```ts no-run     compiled only
//   ```text output   directly after a ts block: what that block must print
//
// Anything that looks like a program but would escape the check is a problem, not silently skipped.

const fence = /^(\s*)(`{3,})\s*(.*?)\s*$/
const unchecked = new Set(['typescript', 'tsx', 'js', 'javascript', 'mjs', 'cjs', 'jsx'])

/** The blocks of one page with their line numbers (1-based, of the first line inside) and what is wrong with it. */
export function tsBlocks(markdown) {
  const lines = markdown.split(/\r?\n/)
  const blocks = []
  const problems = []
  let previous
  for (let at = 0; at < lines.length; at++) {
    const opening = fence.exec(lines[at])
    if (opening === null) {
      // Only blank lines may stand between a program and its output.
      if (lines[at].trim() !== '') previous = undefined
      continue
    }
    const [, indent, ticks, info] = opening
    const line = at + 2
    const body = []
    let closed = false
    for (at++; at < lines.length; at++) {
      const closing = fence.exec(lines[at])
      if (closing !== null && closing[2].length >= ticks.length && closing[3] === '') {
        closed = true
        break
      }
      body.push(lines[at].startsWith(indent) ? lines[at].slice(indent.length) : lines[at].trimStart())
    }
    if (!closed) problems.push({ line: line - 1, message: 'this fence is never closed' })
    const code = body.join('\n')
    if (info === 'ts' || info === 'ts no-run') {
      previous = { line, code, runs: info === 'ts', output: undefined }
      blocks.push(previous)
      continue
    }
    if (info === 'text output') {
      if (previous === undefined) problems.push({ line: line - 1, message: 'no ts block directly before this output' })
      else if (!previous.runs) problems.push({ line: line - 1, message: 'a no-run block has no output' })
      else previous.output = code
    } else if (unchecked.has(info.split(/\s/)[0]) || /^ts\b/.test(info)) {
      problems.push({ line: line - 1, message: `\`${info}\` is not checked: write \`ts\` or \`ts no-run\`` })
    }
    previous = undefined
  }
  return { blocks, problems }
}
