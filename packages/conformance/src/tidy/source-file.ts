// One file as the tidy rules see it: its place in the monorepo and its syntax tree.
// The rules look at the tree and not at the text, so a comment or a string never breaks one.
import ts from 'typescript'

export interface SourceFile {
  /** From the root of the repository, with forward slashes: `packages/core/src/time/clock.ts`. */
  readonly path: string
  /** The folder's name under packages/: `core`. */
  readonly packageName: string
  /** The path below the package's folder: `src/time/clock.ts`. */
  readonly inside: string
  /** Tests and type tests have more freedom than what is published. */
  readonly isTest: boolean
  readonly text: string
  readonly tree: ts.SourceFile
}

/** What is wrong in the file, each as `path:line what`; none when the rule is kept. */
export type Rule = (file: SourceFile) => string[]

export function sourceFile(path: string, text: string): SourceFile {
  const [, packageName, inside] = /^packages\/([^/]+)\/(.+)$/.exec(path) ?? []
  if (packageName === undefined || inside === undefined) throw new Error(`not a file of a package: ${path}`)
  const isTest = /\.(test|test-d)\.ts$/.test(path) || inside.startsWith('test/')
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true)
  return { path, packageName, inside, isTest, text, tree }
}

export function place(file: SourceFile, node: ts.Node): string {
  return `${file.path}:${file.tree.getLineAndCharacterOfPosition(node.getStart(file.tree)).line + 1}`
}

/** Visits every node of the file, parents first, and gathers what the visitor finds wrong. */
export function findings(file: SourceFile, visit: (node: ts.Node) => string | undefined): string[] {
  const found: string[] = []
  const walk = (node: ts.Node): void => {
    const problem = visit(node)
    if (problem !== undefined) found.push(`${place(file, node)} ${problem}`)
    ts.forEachChild(node, walk)
  }
  walk(file.tree)
  return found
}

export interface Import {
  readonly specifier: string
  readonly typeOnly: boolean
  readonly at: string
}

/** Every way one module names another: import, export from, import(), require() and import('x').T. */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = []
  const add = (node: ts.Node, name: ts.Node | undefined, typeOnly: boolean): void => {
    if (name !== undefined && ts.isStringLiteralLike(name)) {
      found.push({ specifier: name.text, typeOnly, at: place(file, node) })
    }
  }
  findings(file, (node) => {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
    } else if (ts.isExportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.isTypeOnly)
    } else if (ts.isImportTypeNode(node)) {
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true)
    } else if (ts.isCallExpression(node)) {
      const { expression } = node
      const loads =
        expression.kind === ts.SyntaxKind.ImportKeyword ||
        (ts.isIdentifier(expression) && expression.text === 'require')
      if (loads) add(node, node.arguments[0], false)
    }
    return undefined
  })
  return found
}
