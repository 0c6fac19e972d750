/** What the pages say of the code is there: error codes, links, and the files that ARCHITECTURE.md names. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { expect, test } from 'vitest'

const root = new URL('../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const exists = (path: string): boolean => existsSync(new URL(path, root))
const sorted = (texts: Iterable<string | undefined>): readonly (string | undefined)[] =>
  [...texts].sort((a = '', b = '') => (a < b ? -1 : 1))

test('every error code is on its page, and every code on the page exists', () => {
  const sources = globSync('packages/*/src/**/*.ts', { cwd: root }).filter(
    (path) => !/\.test(-d)?\.ts$|packages[\\/](conformance|bench|services)/.test(path),
  )
  const thrown = sources.flatMap((path) =>
    // Thrown, or told as an alarm.
    [
      ...read(path).matchAll(
        /(?:(?:configError|recordError|problem|refused|new StreamError|super)\(\s*|\bcode: )'([A-Z_]+)'/g,
      ),
    ].map(([, code]) => code),
  )
  const onPage = [...read('docs/errors.md').matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code)
  expect(new Set(thrown).size).toBeGreaterThan(40)
  expect(sorted(onPage)).toEqual(sorted(new Set(thrown)))
})

test('links between pages lead somewhere', () => {
  const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root })
  const links = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, to]) => posix.join(posix.dirname(page), to ?? '')),
  )
  expect(links.length).toBeGreaterThan(15)
  expect(links.filter((path) => !exists(path))).toEqual([])
})

test('the files that ARCHITECTURE.md names exist', () => {
  const named = [...read('ARCHITECTURE.md').matchAll(/`((?:[\w-]+\/)+[\w.-]+)`/g)].map(([, path]) => path ?? '')
  const found = (path: string): boolean =>
    [
      '',
      'packages/',
      'packages/kafka/',
      ...['core', 'kafka', 'hbase', 'redis'].map((of) => `packages/${of}/src/`),
    ].some((before) => exists(before + path))
  // Entry points are named as they are imported.
  expect(named.length).toBeGreaterThan(40)
  expect(named.filter((path) => !/^core\/(folder|quantiles)$/.test(path) && !found(path))).toEqual([])
})
