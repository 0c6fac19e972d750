/** Owns TLS in front of a port that speaks none, as a load balancer does it: on and to 127.0.0.1, for tests. */
import { type AddressInfo, connect } from 'node:net'
import { type TLSSocket, createServer } from 'node:tls'
import { type KeyAndCert, generateCertificate } from './certificate.ts'
import { portOf } from './proxy.ts'

export interface TlsFront extends AsyncDisposable {
  /** `localhost:PORT`; its certificate is for localhost and 127.0.0.1. */
  readonly address: string
  /** Its own authority; also what clients show where they have to. */
  readonly certificate: KeyAndCert
  readonly stop: () => Promise<void>
}

export interface TlsFrontOptions {
  /** Only clients with the same certificate get through. Default false. */
  readonly clientCertificates?: boolean
}

/** @param target a port of 127.0.0.1, or `127.0.0.1:PORT`. Nothing needs to listen there yet. */
export async function startTlsFront(
  target: number | string,
  { clientCertificates = false }: TlsFrontOptions = {},
): Promise<TlsFront> {
  const port = portOf(target)
  const certificate = await generateCertificate()
  const clients = new Set<TLSSocket>()
  const server = createServer({ ...certificate, ca: certificate.cert, requestCert: clientCertificates }, (client) => {
    const behind = connect(port, '127.0.0.1')
    clients.add(client)
    const end = (): void => {
      client.destroy()
      behind.destroy()
    }
    for (const socket of [client, behind]) socket.on('error', end)
    client.on('close', () => {
      clients.delete(client)
      end()
    })
    // Not at once: what it said last is still on its way.
    behind.on('close', () => client.end())
    client.pipe(behind).pipe(client)
  })
  // Who does not trust the certificate hangs up.
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve())
  })
  const stop = async (): Promise<void> => {
    for (const client of clients) client.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    certificate,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
