// Which package may import which, and from where: dependencies point inwards, through public doors only.
import { posix } from 'node:path'
import { importsOf, type Rule } from './source-file.ts'

/** The part of a package.json that says what others may import and what it may import itself. */
export interface Manifest {
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** The published packages and the inner packages each may use; one that is not here is private and may use any. */
const inner: Readonly<Record<string, readonly string[]>> = {
  core: [],
  triggers: ['core'],
  kafka: ['core'],
  redis: ['core'],
  hbase: ['core'],
  serving: ['core'],
  testing: ['core', 'triggers'],
}

/** Packages whose outside dependencies are a decision, not a matter of package.json. */
const outer: Readonly<Record<string, readonly string[]>> = {
  core: ['eventemitter3', 'immutable', 'flatqueue', '@datadog/sketches-js'],
  triggers: [],
  serving: ['eventemitter3', 'lmdb'],
  testing: ['fast-check'],
}

/** Packages that must run anywhere, and the one folder in them that is Node's. */
const anywhere: Readonly<Record<string, string | undefined>> = {
  core: 'src/folder/',
  triggers: undefined,
  serving: 'src/embedded/',
  testing: undefined,
}

export function packageImports(manifests: Readonly<Record<string, Manifest>>): Rule {
  return (file) =>
    importsOf(file).flatMap(({ specifier, at }) => {
      const problem = specifier.startsWith('.')
        ? relative(file.path, file.packageName, specifier)
        : specifier.startsWith('node:')
          ? nodeModule(file.packageName, file.inside, file.isTest)
          : named(file.packageName, file.inside, file.isTest, specifier, manifests)
      return problem === undefined ? [] : [`${at} ${specifier}: ${problem}`]
    })
}

function relative(path: string, packageName: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier)
  if (!target.startsWith(`packages/${packageName}/`)) return 'leaves its package; import the package by name'
  if (/\.(c|m)?js$/.test(target)) return 'relative imports name the source: end it in .ts'
  return undefined
}

function nodeModule(packageName: string, inside: string, isTest: boolean): string | undefined {
  if (isTest || !(packageName in anywhere)) return undefined
  const folder = anywhere[packageName]
  if (folder !== undefined && inside.startsWith(folder)) return undefined
  return `${packageName} runs in browsers too${folder === undefined ? '' : `; only ${folder} is Node's`}`
}

function named(
  from: string,
  inside: string,
  isTest: boolean,
  specifier: string,
  manifests: Readonly<Record<string, Manifest>>,
): string | undefined {
  const parts = specifier.split('/')
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!
  const manifest = manifests[from]
  if (name.startsWith('@tidemark/')) {
    const target = name.slice('@tidemark/'.length)
    if (target === from) return 'a package imports itself by relative paths'
    const allowed = inner[from]
    // A test may use what @tidemark/testing offers, as a user's test does; one of services starts real ones.
    const tests = isTest && (target === 'testing' || (target === 'services' && inside.endsWith('.services.test.ts')))
    if (allowed !== undefined && !allowed.includes(target) && !tests) return `${from} may not depend on ${target}`
    const subpath = `.${specifier.slice(name.length)}`
    const doors = manifests[target]?.exports
    if (doors === undefined || !(subpath in doors)) return `deep import: ${name} does not export ${subpath}`
  } else if (!isTest) {
    const allowed = outer[from]
    if (allowed !== undefined && !allowed.includes(name)) return `${from} may not depend on ${name}`
    if (name === '@datadog/sketches-js' && !inside.startsWith('src/quantiles/')) return 'only src/quantiles/ may use it'
  }
  // What tests and tools run with (vitest) is installed at the root.
  if (isTest && name === 'vitest') return undefined
  const declared = { ...manifest?.dependencies, ...manifest?.peerDependencies, ...manifest?.devDependencies }
  return name in declared ? undefined : `not declared in packages/${from}/package.json`
}
