// Docs are programs: every ts block of README.md and docs/ compiles against the sources and runs,
// each as its own module, and prints what the page says it prints. See ts-blocks.mjs for the marks.
import { execFile } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tsBlocks } from './ts-blocks.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
// Inside the checkout, so that the blocks' imports resolve as a workspace member's do.
const folder = join(root, '.docs-blocks')
const timeoutMs = 60_000

const failures = new Map() // block or page → messages
const fail = (what, message) => failures.set(what, [...(failures.get(what) ?? []), message])

const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root }).toSorted()].filter((page) =>
  existsSync(join(root, page)),
)
const blocks = []
for (const page of pages) {
  const read = tsBlocks(readFileSync(join(root, page), 'utf8'))
  for (const { line, message } of read.problems) fail(`${page}:${line}`, message)
  for (const block of read.blocks) {
    const name = `${page.replaceAll(/[/\\]/g, '__')}__${block.line}.ts`
    blocks.push({ ...block, page, name, id: `${page}:${block.line}` })
  }
}

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
for (const { name, line, code } of blocks) {
  // Blank lines first: a message about line N of the module is about line N of the page.
  writeFileSync(join(folder, name), `${'\n'.repeat(line - 1)}${code}\nexport {}\n`)
}
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({
    extends: '../tsconfig.base.json',
    compilerOptions: { noEmit: true, declaration: false, isolatedDeclarations: false, types: ['node'] },
    include: ['*.ts'],
  }),
)

function start(command, args, cwd) {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, timeout: timeoutMs, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const problem = error?.killed ? `still running after ${timeoutMs / 1000} s` : `exit ${error?.code}`
      resolve({ stdout, stderr, problem: error === null ? undefined : problem })
    }).stdin.end()
  })
}

async function compile() {
  if (blocks.length === 0) return
  const { stdout, stderr, problem } = await start('tsc', ['-p', '.', '--pretty', 'false'], folder)
  if (problem === undefined) return
  let owner = 'the sources'
  for (const text of `${stdout}${stderr}`.split('\n').filter((t) => t !== '')) {
    const place = /^(\S+?)\((\d+),(\d+)\): (.*)$/.exec(text)
    const block = place === null ? undefined : blocks.find(({ name }) => name === place[1])
    if (place !== null) owner = block?.id ?? 'the sources'
    fail(owner, block === undefined ? text : `${block.page}:${place[2]}:${place[3]} ${place[4]}`)
  }
}

async function runBlock(block) {
  const cwd = join(folder, `${block.name}.run`)
  mkdirSync(cwd)
  const { stdout, stderr, problem } = await start(
    'node',
    ['--enable-source-maps', '--conditions=@tidemark/source', join('..', block.name)],
    cwd,
  )
  if (problem !== undefined) {
    fail(block.id, `${problem}\n${stdout}${stderr}`.replaceAll(join(folder, block.name), block.page).trimEnd())
  } else if (block.output !== undefined && stdout.trimEnd() !== block.output.trimEnd()) {
    const printed = stdout.trimEnd()
    fail(block.id, `prints something else than the page says\n--- the page\n${block.output}\n--- printed\n${printed}`)
  }
}

await compile()
const queue = blocks.filter(({ id, runs }) => runs && !failures.has(id))
const ran = queue.length
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let block = queue.shift(); block !== undefined; block = queue.shift()) await runBlock(block)
  }),
)

for (const [what, messages] of failures) {
  console.error(`\n${[what, ...messages].join('\n').replaceAll('\n', '\n  ')}`)
}
if (failures.size === 0) rmSync(folder, { recursive: true, force: true })
const passed = blocks.filter(({ id }) => !failures.has(id)).length
const compared = blocks.filter(({ output }) => output !== undefined).length
console.log(`docs: ${pages.length} pages, ${blocks.length} blocks compiled, ${ran} run, ${compared} outputs compared`)
console.log(`docs blocks: ${passed} passed, ${failures.size} failed`)
process.exit(failures.size === 0 ? 0 : 1)
