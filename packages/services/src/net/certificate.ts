/** Owns the certificate of a test server: made at each start, its own authority, for localhost and 127.0.0.1. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from 'selfsigned'

/** PEM. */
export interface KeyAndCert {
  readonly cert: string
  readonly key: string
}

export interface Certificate extends KeyAndCert {
  readonly certFile: string
  readonly keyFile: string
  /** Key and certificate one after the other. */
  readonly bothFile: string
}

const dayMs = 86_400_000

export async function generateCertificate(): Promise<KeyAndCert> {
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    // A day back, for a clock that is set right in between.
    notBeforeDate: new Date(Date.now() - dayMs),
    notAfterDate: new Date(Date.now() + 30 * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  })
  return { cert: `${made.cert.trim()}\n`, key: `${made.private.trim()}\n` }
}

/** The same in files, for servers that read them. */
export async function makeCertificate(folder: string): Promise<Certificate> {
  const { cert, key } = await generateCertificate()
  const files = {
    certFile: join(folder, 'cert.pem'),
    keyFile: join(folder, 'key.pem'),
    bothFile: join(folder, 'key-and-cert.pem'),
  }
  writeFileSync(files.certFile, cert)
  writeFileSync(files.keyFile, key, { mode: 0o600 })
  writeFileSync(files.bothFile, `${key}${cert}`, { mode: 0o600 })
  return { cert, key, ...files }
}
