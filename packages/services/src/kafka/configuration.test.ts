import { describe, expect, test } from 'vitest'
import { type KafkaCluster, type KafkaLayout, kafkaProperties } from './configuration.ts'

const layout: KafkaLayout = { id: 1, ports: { plain: 1, controller: 2 }, dataFolder: '/d' }
const cluster: KafkaCluster = { layouts: [layout], version: '4.4.0', secure: undefined, settings: {} }

function properties(node: KafkaLayout, more: Partial<KafkaCluster> = {}): ReadonlyMap<string, string> {
  const lines = kafkaProperties(node, { ...cluster, layouts: [node], ...more })
    .trimEnd()
    .split('\n')
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

describe('the properties of a node', () => {
  test('plain: two listeners, all on 127.0.0.1, nothing of TLS', () => {
    const found = properties(layout)
    expect(found.get('listeners')).toBe('PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2')
    expect(found.get('advertised.listeners')).toBe(found.get('listeners'))
    expect([...found.keys()].filter((name) => /^ssl|sasl/.test(name))).toEqual([])
  })

  test('secure: a login for each mechanism of each listener with SASL', () => {
    const ports = { plain: 1, controller: 2, ssl: 3, saslSsl: 4, saslPlaintext: 5 }
    const found = properties({ ...layout, ports }, { secure: { certFile: '/c', keyAndCertFile: '/k' } })
    expect(found.get('listeners')).toMatch(/SSL:\/\/127\.0\.0\.1:3,SASL_SSL:\/\/127\.0\.0\.1:4,SASL_PLAINTEXT:/)
    expect([...found.keys()].filter((name) => name.endsWith('.jaas.config'))).toHaveLength(6)
  })

  test('behind a proxy: clients are told to come to the proxy', () => {
    const ports = { plain: 1, controller: 2, proxied: { behind: 3, advertised: 4 } }
    const found = properties({ ...layout, ports })
    expect(found.get('listeners')).toContain('PROXIED://127.0.0.1:3')
    expect(found.get('advertised.listeners')).toContain('PROXIED://127.0.0.1:4')
    expect(found.get('listener.security.protocol.map')).toContain('PROXIED:PLAINTEXT')
  })

  test('three nodes: three copies, two of which must have a record', () => {
    const layouts = [1, 2, 3].map((id) => ({ ...layout, id, ports: { plain: id * 10, controller: id * 10 + 1 } }))
    const found = properties(layouts[0]!, { layouts })
    expect(found.get('controller.quorum.bootstrap.servers')).toBe('127.0.0.1:11,127.0.0.1:21,127.0.0.1:31')
    expect(found.get('default.replication.factor')).toBe('3')
    expect(found.get('min.insync.replicas')).toBe('2')
  })

  test('3.9 is asked for the newer group protocol', () => {
    const name = 'group.coordinator.rebalance.protocols'
    expect(properties(layout, { version: '3.9.2' }).get(name)).toBe('classic,consumer')
    expect(properties(layout).has(name)).toBe(false)
  })

  test('what the caller sets wins', () => {
    expect(properties(layout, { settings: { 'num.partitions': '7', own: 'x' } }).get('num.partitions')).toBe('7')
  })
})
