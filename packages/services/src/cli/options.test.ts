import { describe, expect, test } from 'vitest'
import { readCommand } from './options.ts'

const read = (line: string): unknown => readCommand(line.split(' ').filter((word) => word !== ''))

describe('what is asked for', () => {
  test('help, when nothing else is', () => {
    for (const line of ['', 'help', '--help', '-h']) expect(read(line)).toEqual({ command: 'help' })
  })

  test('stop and status', () => {
    expect(read('status')).toEqual({ command: 'status' })
    expect(read('stop')).toEqual({ command: 'stop', name: undefined })
    expect(read('stop my-kafka')).toEqual({ command: 'stop', name: 'my-kafka' })
  })

  test('a kafka, by default and with everything', () => {
    expect(read('start kafka')).toMatchObject({
      command: 'start',
      start: { kind: 'kafka', options: { name: 'kafka', nodes: undefined, version: undefined, secure: false } },
    })
    expect(read('start kafka --nodes 3 --version 3.9.2 --secure --name k --set a.b=1 --set c=d=e')).toMatchObject({
      start: {
        options: { name: 'k', nodes: 3, version: '3.9.2', secure: true, settings: { 'a.b': '1', c: 'd=e' } },
      },
    })
  })

  test('a redis', () => {
    expect(read('start redis --nodes 6 --replicas 1 --tls --password p --append-only')).toMatchObject({
      start: { options: { name: 'redis', nodes: 6, replicas: 1, tls: true, password: 'p', appendOnly: true } },
    })
  })

  test('an hbase', () => {
    expect(read('start hbase --transport both')).toMatchObject({
      start: { options: { name: 'hbase', transport: 'both' } },
    })
  })
})

test.each([
  ['begin', /found 'begin', expected start, stop or status/],
  ['status now', /status: found 'now', expected nothing more/],
  ['stop a b', /stop: found 'b', expected nothing more/],
  ['stop --all', /stop: found '--all', expected a name or nothing/],
  ['start', /start: found nothing, expected kafka, redis or hbase/],
  ['start mysql', /start: found 'mysql', expected kafka/],
  ['start kafka --nodes 2', /--nodes: found 2, expected 1 or 3/],
  ['start kafka --nodes three', /--nodes: found 'three', expected a whole number/],
  ['start kafka --version 2.8.0', /--version: found '2.8.0', expected one of 4\.4\.0, 3\.9\.2/],
  ['start kafka --set retention', /--set: found 'retention', expected PROPERTY=VALUE/],
  ['start kafka --tls', /Unknown option '--tls'/],
  ['start kafka again', /Unexpected argument 'again'/],
  ['start redis --nodes 2', /nodes: found 2, expected 1, or 3 up to 9/],
  ['start redis --nodes 10', /nodes: found 10, expected/],
  ['start redis --nodes 4 --replicas 1', /replicas: found 1 for 4 nodes, expected three masters/],
  ['start redis --replicas 1', /replicas: found 1 for 1 nodes/],
  ['start hbase --transport pigeon', /--transport: found 'pigeon', expected one of framed, http, both/],
] as const)('refused: %s', (line, says) => {
  expect(() => read(line)).toThrow(says)
})
