// Rules on the form of a file: its name, its size, and what must not be left in it.
import ts from 'typescript'
import { findings, type Rule } from './source-file.ts'

const maxLines = 400

export const fileLength: Rule = ({ path, text, isTest }) => {
  const lines = text.trimEnd().split('\n').length
  return isTest || lines <= maxLines ? [] : [`${path}:${lines} ${lines} lines, at most ${maxLines}`]
}

export const kebabCase: Rule = ({ path, inside }) => {
  const part = /^[a-z0-9]+(-[a-z0-9]+)*$/
  const names = inside.replace(/(\.test|\.services\.test|\.test-d|\.bench)?\.ts$/, '').split('/')
  return names.every((name) => part.test(name)) ? [] : [`${path}:1 file and folder names are kebab-case`]
}

const runners = ['test', 'it', 'describe', 'suite', 'bench']
const leftOvers = ['skip', 'only', 'todo', 'fails']

export const everyTestRuns: Rule = (file) =>
  !file.isTest
    ? []
    : findings(file, (node) => {
        if (!ts.isPropertyAccessExpression(node) || !leftOvers.includes(node.name.text)) return undefined
        return runners.includes(rootOf(node)) ? `.${node.name.text} is left in a test` : undefined
      })

/** `test` of `test.concurrent.only`, of `test.each(rows).skip`. */
function rootOf(node: ts.Expression): string {
  if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) return rootOf(node.expression)
  return ts.isIdentifier(node) ? node.text : ''
}

export const noEscapeFromTypes: Rule = (file) =>
  file.isTest
    ? []
    : findings(file, (node) => {
        const cast = ts.isAsExpression(node) || ts.isTypeAssertionExpression(node)
        return cast && node.type.kind === ts.SyntaxKind.AnyKeyword ? '`as any` switches the types off' : undefined
      })
