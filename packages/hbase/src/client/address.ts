/** Owns where a gateway is and how it is spoken to, from the `thrift` of a user; no secret of it can be printed. */
import { problem, show } from '@tidemark/core'

/** `tcp`: frames over plain TCP. `http`, `https`: bodies of POST requests. */
export type Transport = 'tcp' | 'http' | 'https'

export interface Address {
  readonly transport: Transport
  readonly host: string
  readonly port: number
  /** Of HTTP. */
  readonly path: string
  /** From the URL, if it has a user in it. */
  readonly basic: string | undefined
  /** For messages: without user and password. */
  readonly shown: string
}

const TRANSPORTS: readonly string[] = ['tcp', 'http', 'https'] satisfies Transport[]
const DEFAULT_PORT = 9_090

export function parseAddress(thrift: unknown, what: string): Address {
  let url: URL | undefined
  try {
    url = typeof thrift === 'string' ? new URL(thrift) : undefined
  } catch {
    // Told below.
  }
  const transport = url?.protocol.slice(0, -1)
  // Words about the URL only: there may be a password in it.
  if (url === undefined || transport === undefined || url.hostname === '')
    throw bad(what, typeof thrift === 'string' ? 'a text that is no URL with a host' : show(thrift))
  if (!TRANSPORTS.includes(transport)) throw bad(what, `a URL of '${transport}:'`)
  const secure = transport === 'https'
  if (transport === 'tcp' && (url.username !== '' || url.password !== ''))
    throw bad(what, 'a user in a tcp:// URL, where nobody logs in')
  const port = url.port === '' ? (transport === 'tcp' ? DEFAULT_PORT : secure ? 443 : 80) : Number(url.port)
  // What URL takes for IPv6 has brackets, which sockets do not want.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const basic =
    url.username === '' ? undefined : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  const path = `${url.pathname === '' ? '/' : url.pathname}${url.search}`
  const shown = `${transport}://${url.hostname}:${port}`
  return { transport: transport as Transport, host, port, path, basic, shown }
}

function bad(what: string, found: string): Error {
  return problem('BAD_THRIFT', `'thrift' of ${what}`, {
    found,
    expected:
      "'tcp://host:port' for a framed gateway, 'http://host:port' or 'https://host:port' for one that speaks HTTP",
    remedy: 'Name a Thrift2 gateway of HBase (`hbase thrift2 start`).',
  })
}
