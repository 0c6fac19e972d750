// The rooms of packages/core/src and the one direction between them.
import { posix } from 'node:path'
import ts from 'typescript'
import { findings, importsOf, type Rule } from './source-file.ts'

/** Each room may import the rooms before it, never one after it. */
const order = ['time', 'window', 'trigger', 'pane', 'operator', 'pipeline', 'runtime']

/** Any room may import a leaf. A leaf imports leaves, and of these rooms the types only. */
const leaves = ['aggregate', 'io', 'errors', 'state']
const leavesSeeTypesOf = ['time', 'window', 'pane']

/** Entry points of their own: nothing in core imports them, so that `.` stays free of Node and of optional peers. */
const entries = ['folder', 'quantiles']

/** Where core may wait. Everything else is a synchronous state machine. */
const mayAwait = ['runtime', 'folder', 'io']

/** The room of a path below packages/core; the files directly in src/ (index.ts) belong to `src`. */
function roomOf(inside: string): string {
  return /^src\/([^/]+)\//.exec(inside)?.[1] ?? 'src'
}

export const roomDirection: Rule = (file) => {
  if (file.packageName !== 'core' || file.isTest || !file.inside.startsWith('src/')) return []
  const from = roomOf(file.inside)
  const known = from === 'src' || [...order, ...leaves, ...entries].includes(from)
  if (!known) return [`${file.path}:1 ${from} is no room of core`]
  return importsOf(file).flatMap(({ specifier, typeOnly, at }) => {
    if (!specifier.startsWith('.')) return []
    const to = roomOf(posix.join(posix.dirname(file.inside), specifier))
    const problem = from === to ? undefined : forbidden(from, to, typeOnly)
    return problem === undefined ? [] : [`${at} ${from} → ${to}: ${problem}`]
  })
}

function forbidden(from: string, to: string, typeOnly: boolean): string | undefined {
  if (to === 'src') return 'nothing imports the entry point'
  if (entries.includes(to)) return `${to} is an entry point of its own`
  if (from === 'src' || entries.includes(from) || leaves.includes(to)) return undefined
  if (leaves.includes(from)) {
    if (!leavesSeeTypesOf.includes(to)) return 'a leaf imports no such room'
    return typeOnly ? undefined : 'a leaf may only `import type` from a room'
  }
  return order.indexOf(to) < order.indexOf(from) ? undefined : `rooms go one way: ${order.join(' ← ')}`
}

export const coreIsSynchronous: Rule = (file) => {
  if (file.packageName !== 'core' || file.isTest || mayAwait.includes(roomOf(file.inside))) return []
  return findings(file, (node) =>
    isWaiting(node) ? `only ${mayAwait.map((room) => `${room}/`).join(', ')} may await or be async` : undefined,
  )
}

function isWaiting(node: ts.Node): boolean {
  return ts.isAwaitExpression(node) || node.kind === ts.SyntaxKind.AsyncKeyword || waitsInLoop(node)
}

function waitsInLoop(node: ts.Node): boolean {
  return (
    (ts.isForOfStatement(node) && node.awaitModifier !== undefined) ||
    (ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.AwaitUsing) === ts.NodeFlags.AwaitUsing)
  )
}
