// No clock, chance or environment but through an injected door.
import ts from 'typescript'
import { findings, type Rule } from './source-file.ts'

const packages = ['core', 'triggers', 'serving', 'testing']

/** The doors: where the outside world is named so that it need not be named anywhere else. */
const doors = [
  'packages/core/src/time/system-clock.ts',
  'packages/core/src/folder/',
  'packages/core/src/runtime/run-until-signal.ts',
  'packages/serving/src/embedded/',
]

const names = new Set(['performance', 'setTimeout', 'setInterval', 'setImmediate', 'process', 'Buffer', 'globalThis'])

export const forbiddenGlobals: Rule = (file) => {
  if (!packages.includes(file.packageName) || file.isTest) return []
  if (doors.some((door) => file.path.startsWith(door))) return []
  const declared = declaredNames(file.tree)
  return findings(file, (node) => {
    const used = forbiddenUse(node, declared)
    return used === undefined ? undefined : `${used}: go through the Clock or another injected door`
  })
}

function forbiddenUse(node: ts.Node, declared: ReadonlySet<string>): string | undefined {
  if (!ts.isIdentifier(node) || !isValue(node) || declared.has(node.text)) return undefined
  if (names.has(node.text)) return node.text
  const { parent } = node
  if (node.text === 'Date') {
    // `new Date(ms)`, Date.UTC and Date.parse are plain functions of their arguments.
    const made = ts.isNewExpression(parent) && (parent.arguments ?? []).length > 0
    const pure = ts.isPropertyAccessExpression(parent) && ['UTC', 'parse'].includes(parent.name.text)
    return made || pure || ts.isBinaryExpression(parent) ? undefined : 'Date without an argument'
  }
  const chance = node.text === 'Math' && ts.isPropertyAccessExpression(parent) && parent.name.text === 'random'
  return chance ? 'Math.random' : undefined
}

/** Whether the identifier stands for a value in scope, and is no property's, declaration's or type's name. */
function isValue(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isShorthandPropertyAssignment(parent)) return true
  if (ts.isTypeQueryNode(parent) || ts.isTypeReferenceNode(parent) || ts.isPartOfTypeNode(node)) return false
  return !('name' in parent && parent.name === node) && !('propertyName' in parent && parent.propertyName === node)
}

/** Names the file itself declares as variable, parameter, function or import: they shadow the global. */
function declaredNames(tree: ts.SourceFile): ReadonlySet<string> {
  const found = new Set<string>()
  const walk = (node: ts.Node): void => {
    const declares =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isBindingElement(node) ||
      ts.isImportSpecifier(node)
    // `const { setTimeout } = globalThis` declares too, but then globalThis itself is what the rule finds.
    if (declares && node.name !== undefined && ts.isIdentifier(node.name)) found.add(node.name.text)
    ts.forEachChild(node, walk)
  }
  walk(tree)
  return found
}
