/** Owns what a user says about a gateway and how to get in, checked when a store is described. */
import { type Clock, type Duration, durationMs, problem, show, systemClock } from '@tidemark/core'
import { type Address, parseAddress } from './address.ts'
import type { Headers, TlsOptions } from './http-channel.ts'
import type { Patience } from './retry.ts'

/** Text, or a function that is asked for each call. */
export type Credential = string | (() => string | Promise<string>)

export interface GatewayOptions {
  /**
   * `tcp://host:port` for a framed Thrift2 gateway, `http://host:port` or `https://host:port` for one that speaks HTTP.
   * Over TCP a gateway knows neither users nor TLS.
   */
  readonly thrift: string
  /** HTTP only: sent as Basic authentication. */
  readonly auth?: { readonly username: Credential; readonly password: Credential }
  /** HTTP only: sent with each call, for a token or a proxy. */
  readonly headers?: Headers | (() => Headers | Promise<Headers>)
  /** HTTPS only. */
  readonly tls?: TlsOptions
  /** How many connections at most, default 4. */
  readonly connections?: number
  /** How many requests are on their way on one TCP connection, default 4. */
  readonly inFlight?: number
  /** How long one request may take; then its connection is closed. Default 30 s. */
  readonly timeout?: Duration
  /** How long a gateway or region that is away is waited for, default 1 m. */
  readonly patience?: Duration
  /** For tests: what pauses and time-outs go by. */
  readonly clock?: Clock
}

export interface GatewaySettings extends Patience {
  readonly address: Address
  readonly headers: () => Headers | Promise<Headers>
  readonly tls: TlsOptions | undefined
  readonly connections: number
  readonly inFlight: number
  readonly timeoutMs: number
  readonly idleMs: number
  readonly maxReplyBytes: number
}

/** A gateway closes what was idle for 60 s. */
const IDLE_MS = 45_000
/** More than the largest page that is asked for; what claims to be larger is no reply. */
const MOST_REPLY_BYTES = 128 << 20

export function gatewaySettings(options: GatewayOptions, what: string): GatewaySettings {
  const address = parseAddress(options.thrift, what)
  const { auth, headers, tls, clock = systemClock } = options
  const connections = bounded(options.connections ?? 4, 64, `'connections' of ${what}`)
  const inFlight = bounded(options.inFlight ?? 4, 64, `'inFlight' of ${what}`)
  if (address.transport === 'tcp') {
    for (const [name, value] of Object.entries({ auth, headers, tls }))
      if (value !== undefined) throw onlyHttp(name, what)
  }
  return {
    address,
    clock,
    connections,
    inFlight,
    timeoutMs: durationMs(options.timeout ?? '30s', `'timeout' of ${what}`),
    patienceMs: durationMs(options.patience ?? '1m', `'patience' of ${what}`),
    idleMs: IDLE_MS,
    maxReplyBytes: MOST_REPLY_BYTES,
    tls,
    headers: headersOf(address, options),
  }
}

export function bounded(value: unknown, most: number, what: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most) return value as number
  throw problem('BAD_LIMIT', what, {
    found: show(value),
    expected: `a whole number from 1 to ${most}`,
    remedy: 'Leave it out for the default.',
  })
}

function headersOf(address: Address, { auth, headers }: GatewayOptions): () => Headers | Promise<Headers> {
  if (auth === undefined && typeof headers !== 'function') {
    const fixed = { ...(address.basic === undefined ? {} : basic(address.basic)), ...headers }
    return () => fixed
  }
  return async () => {
    const more = typeof headers === 'function' ? await headers() : headers
    if (auth === undefined) return { ...(address.basic === undefined ? {} : basic(address.basic)), ...more }
    return { ...basic(`${await said(auth.username)}:${await said(auth.password)}`), ...more }
  }
}

function said(credential: Credential): string | Promise<string> {
  return typeof credential === 'function' ? credential() : credential
}

function basic(login: string): Headers {
  return { authorization: `Basic ${Buffer.from(login).toString('base64')}` }
}

function onlyHttp(name: string, what: string): Error {
  return problem('BAD_THRIFT', `'${name}' of ${what}`, {
    found: 'it together with a tcp:// address',
    expected: "an address of 'http://' or 'https://'",
    remedy: 'A gateway over TCP knows neither users nor TLS: speak HTTP with it, or leave this out.',
  })
}
