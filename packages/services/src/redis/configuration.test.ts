import { expect, test } from 'vitest'
import { redisConfiguration } from './configuration.ts'

const layout = { id: 1, port: 1, tlsPort: undefined, busPort: undefined, dataFolder: '/d' }
const setup = { certificate: undefined, password: undefined, appendOnly: false, settings: {} }
const certificate = { cert: '', key: '', certFile: '/c.pem', keyFile: '/k.pem', bothFile: '/b.pem' }
const lines = (...parts: Parameters<typeof redisConfiguration>): readonly string[] =>
  redisConfiguration(...parts)
    .trimEnd()
    .split('\n')

test('one node listens on 127.0.0.1 and keeps nothing', () => {
  const found = lines(layout, setup)
  expect(found).toEqual(expect.arrayContaining(['bind 127.0.0.1', 'port 1', 'save ""', 'appendonly no']))
  expect(found.filter((line) => /^(cluster|tls|requirepass)/.test(line))).toEqual([])
})

test('a node of a cluster with TLS sends clients and replicas to ports with TLS', () => {
  const found = lines({ ...layout, tlsPort: 2, busPort: 3 }, { ...setup, certificate })
  const expected = ['cluster-enabled yes', 'cluster-port 3', 'tls-port 2', 'tls-cluster yes', 'tls-replication yes']
  expect(found).toEqual(expect.arrayContaining(expected))
  expect(lines({ ...layout, tlsPort: 2 }, { ...setup, certificate })).not.toContain('tls-cluster yes')
})

test('a password may hold what redis.conf takes for its own', () => {
  expect(lines(layout, { ...setup, password: 'a "b\\' })).toContain('requirepass "a \\"b\\\\"')
})

test('what the caller sets wins', () => {
  expect(lines(layout, { ...setup, settings: { appendonly: 'yes', maxmemory: '1mb' } })).toEqual(
    expect.arrayContaining(['appendonly yes', 'maxmemory 1mb']),
  )
})
