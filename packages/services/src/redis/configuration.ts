/** Owns the configuration of a test Redis: on 127.0.0.1 only, nothing saved unless asked for. */
import type { Certificate } from '../net/certificate.ts'

export interface RedisLayout {
  readonly id: number
  readonly port: number
  readonly tlsPort: number | undefined
  /** Where the nodes of a cluster talk to each other. */
  readonly busPort: number | undefined
  readonly dataFolder: string
}

export interface RedisSetup {
  readonly certificate: Certificate | undefined
  readonly password: string | undefined
  readonly appendOnly: boolean
  readonly settings: Readonly<Record<string, string>>
}

/** How long a node of a cluster may be silent before the others call it failed. */
const nodeTimeoutMs = 2_000

/** The text of redis.conf. What the caller sets wins. */
export function redisConfiguration({ port, tlsPort, busPort, dataFolder }: RedisLayout, setup: RedisSetup): string {
  const { certificate, password, appendOnly, settings } = setup
  const lines: Record<string, string> = {
    bind: '127.0.0.1',
    port: String(port),
    dir: quoted(dataFolder),
    daemonize: 'no',
    save: '""',
    appendonly: appendOnly ? 'yes' : 'no',
    'enable-debug-command': 'local',
    // The first copy of a replica would wait for 5 s.
    'repl-diskless-sync-delay': '0',
    ...(password !== undefined && { requirepass: quoted(password), masterauth: quoted(password) }),
    ...(busPort !== undefined && {
      'cluster-enabled': 'yes',
      'cluster-config-file': 'nodes.conf',
      'cluster-node-timeout': String(nodeTimeoutMs),
      'cluster-port': String(busPort),
    }),
    ...(certificate !== undefined && {
      'tls-port': String(tlsPort),
      'tls-cert-file': quoted(certificate.certFile),
      'tls-key-file': quoted(certificate.keyFile),
      'tls-ca-cert-file': quoted(certificate.certFile),
      'tls-auth-clients': 'optional',
      // Else a cluster sends its TLS clients to the plain ports, and a replica speaks plainly to a port with TLS.
      ...(busPort !== undefined && { 'tls-cluster': 'yes', 'tls-replication': 'yes' }),
    }),
    ...settings,
  }
  return Object.entries(lines)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('')
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}
