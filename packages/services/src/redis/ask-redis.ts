/** Owns single questions to a Redis node, over the plain port: how readiness is told. */
import { exchange } from '../net/exchange.ts'

/** The reply to one command, as text. @throws Error when it is an error, or anything but a string or a number */
export function askRedis(port: number, password: string | undefined, ...command: readonly string[]): Promise<string> {
  const commands = password === undefined ? [command] : [['AUTH', password], command]
  return exchange({ port }, Buffer.from(commands.map(encoded).join('')), (got) => {
    let at = 0
    let reply: string | undefined
    for (let left = commands.length; left > 0; left--) {
      const read = readReply(got, at)
      if (read === undefined) return undefined
      at = read.end
      reply = read.text
    }
    return reply
  })
}

function encoded(command: readonly string[]): string {
  return `*${command.length}\r\n${command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}

/** The reply that begins at `at`; undefined until it is whole. */
export function readReply(got: Buffer, at: number): { readonly text: string; readonly end: number } | undefined {
  const lineEnd = got.indexOf('\r\n', at)
  if (lineEnd < 0) return undefined
  const line = got.toString('utf8', at + 1, lineEnd)
  const kind = got.toString('latin1', at, at + 1)
  if (kind === '-') throw new Error(`Redis says ${line}`)
  if (kind === '+' || kind === ':') return { text: line, end: lineEnd + 2 }
  const length = Number(line)
  if (kind !== '$' || !(length >= 0)) throw new Error(`a reply that begins with '${kind}${line}': expected a string`)
  const end = lineEnd + 2 + length
  return got.length < end + 2 ? undefined : { text: got.toString('utf8', lineEnd + 2, end), end: end + 2 }
}
