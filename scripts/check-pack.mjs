// What a user would install: builds and packs every publishable package, checks the tarballs with attw and
// publint, then unpacks them into an empty folder outside the checkout, imports, requires and type-checks them there.
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tsBlocks } from './ts-blocks.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'tidemark-pack-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
const json = (path) => JSON.parse(readFileSync(path, 'utf8'))

let passed = 0
const failed = []
function check(name, body) {
  try {
    body()
    passed++
  } catch (error) {
    failed.push(name)
    console.error(`FAILED ${name}\n${error.stdout ?? ''}${error.stderr ?? error.stack}`)
  }
}
function run(command, args, cwd) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000 })
}

const packages = readdirSync(join(root, 'packages'))
  .map((name) => ({ name, path: join(root, 'packages', name) }))
  .filter(({ path }) => existsSync(join(path, 'src/index.ts')) && json(join(path, 'package.json')).private !== true)

const filters = packages.flatMap(({ name }) => ['--filter', `./packages/${name}`])
check('build', () => run('pnpm', [...filters, 'run', 'build'], root))

const modules = join(work, 'node_modules')
const link = (target, name) => {
  mkdirSync(dirname(join(modules, name)), { recursive: true })
  if (!existsSync(join(modules, name))) symlinkSync(target, join(modules, name))
}
const entries = [] // { specifier, node: needs Node's types }
for (const { name, path } of failed.length === 0 ? packages : []) {
  const tarball = join(work, `${name}.tgz`)
  const installed = join(modules, '@tidemark', name)
  check(`${name}: pack`, () => {
    run('pnpm', ['pack', '--out', tarball], path)
    mkdirSync(installed, { recursive: true })
    run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'], work)
    const manifest = json(join(installed, 'package.json'))
    const unfit = JSON.stringify(manifest).match(/workspace:|@tidemark\/source/)
    if (unfit !== null) throw new Error(`the packed package.json still says ${unfit[0]}`)
    for (const hook of ['preinstall', 'install', 'postinstall']) {
      if (manifest.scripts?.[hook] !== undefined) throw new Error(`a published package has no ${hook} script`)
    }
    // Its dependencies come from the checkout: no registry is asked.
    for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      if (dependency.startsWith('@tidemark/')) continue
      link(realpathSync(join(path, 'node_modules', dependency)), dependency)
    }
    for (const [subpath, target] of Object.entries(manifest.exports)) {
      if (typeof target !== 'object') continue
      entries.push({
        specifier: `@tidemark/${name}${subpath.slice(1)}`,
        node: ['./folder', './embedded'].includes(subpath),
      })
    }
  })
  // node16: subpath exports do not exist for resolution older than Node 12, and Tidemark asks for Node 20.
  check(`${name}: attw`, () => run('attw', [tarball, '--profile', 'node16', '--no-emoji'], root))
  check(`${name}: publint`, () => run('publint', ['--strict', tarball], root))
}

// The Node that the user's shell has, when it is another one than the pinned, loads the tarballs too.
const hostNode = process.env.TIDEMARK_HOST_NODE ?? process.execPath
const nodes = new Set([process.execPath, hostNode].map((path) => realpathSync(path)))
for (const node of entries.length === 0 ? [] : nodes) {
  const version = run(node, ['-v'], work).trim()
  for (const { specifier } of entries) {
    check(`${specifier} imported and required under ${version}`, () => {
      const names = (module) => `console.log(Object.keys(${module}).filter((n) => n !== 'default').sort().join())`
      const esm = run(node, ['--input-type=module', '-e', names(`await import('${specifier}')`)], work)
      const cjs = run(node, ['-e', names(`require('${specifier}')`)], work)
      if (esm.trim() === '') throw new Error('exports nothing')
      if (esm !== cjs) throw new Error(`import and require differ:\n${esm}${cjs}`)
    })
  }
}

function compiles(name, { files, types, ...options }) {
  check(`types of the tarballs: ${name}`, () => {
    const folder = join(work, name)
    mkdirSync(folder)
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          noEmit: true,
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          target: 'ES2023',
          lib: ['ES2023', 'ESNext.Disposable'],
          types,
          module: 'NodeNext',
          ...options,
        },
        files: Object.keys(files),
      }),
    )
    run('tsc', ['-p', folder], folder)
  })
}
if (entries.length > 0) {
  link(realpathSync(join(root, 'node_modules/@types/node')), '@types/node')
  const use = ({ specifier }, n) => `import * as m${n} from '${specifier}'\nvoid m${n}\n`
  const imports = (list) => list.map(use).join('')
  const anywhere = imports(entries.filter(({ node }) => !node))
  const all = imports(entries)
  // A browser or another runtime has no Node types: everything but the folder checkpoints must do without.
  compiles('without-node-types', { files: { 'a.mts': anywhere, 'b.cts': anywhere }, types: [] })
  compiles('with-node-types', { files: { 'a.mts': all, 'b.cts': all }, types: ['node'] })
  compiles('bundler', { files: { 'a.ts': all }, types: ['node'], module: 'ESNext', moduleResolution: 'bundler' })
}

// The README's first program is the tiny consumer: it must compile and run on the tarballs as it does on the sources.
const readme = existsSync(join(root, 'README.md')) ? readFileSync(join(root, 'README.md'), 'utf8') : ''
const [first] = tsBlocks(readme).blocks.filter(({ runs }) => runs)
if (first !== undefined && entries.length > 0) {
  compiles('readme', { files: { 'consumer.ts': `${first.code}\nexport {}\n` }, types: ['node'] })
  check('the README program runs on the tarballs', () => {
    const printed = run('node', ['consumer.ts'], join(work, 'readme'))
    const same = first.output === undefined || printed.trimEnd() === first.output.trimEnd()
    if (!same) throw new Error(`it printed\n${printed}`)
  })
}

console.log(`packed: ${packages.map(({ name }) => name).join(', ') || 'nothing yet'}; ${entries.length} entry points`)
console.log(`pack checks: ${passed} passed, ${failed.length} failed`)
process.exit(failed.length === 0 ? 0 : 1)
