/** Owns the command line of `npm run services`. */
import { parseArgs } from 'node:util'
import { type HBaseTransport, hbaseTransports } from '../hbase/hbase.ts'
import type { StartHBaseOptions } from '../hbase/start-hbase.ts'
import { type StartKafkaOptions, kafkaVersions } from '../kafka/start-kafka.ts'
import { type StartRedisOptions, checkNodes } from '../redis/start-redis.ts'

export type Start =
  | { readonly kind: 'kafka'; readonly options: StartKafkaOptions }
  | { readonly kind: 'redis'; readonly options: StartRedisOptions }
  | { readonly kind: 'hbase'; readonly options: StartHBaseOptions }

export type Command =
  | { readonly command: 'start'; readonly start: Start }
  | { readonly command: 'stop'; readonly name: string | undefined }
  | { readonly command: 'status' | 'help' }

export const usage: string = `npm run services -- COMMAND

  start kafka [--nodes 1|3] [--version ${kafkaVersions.join('|')}] [--secure] [--set PROPERTY=VALUE]…
  start redis [--nodes 1|3…9] [--replicas N] [--tls] [--password WORD] [--append-only] [--set LINE=VALUE]…
  start hbase [--transport ${hbaseTransports.join('|')}]
              each with [--name NAME]; it runs until it is stopped, on free ports of 127.0.0.1
  stop [NAME] one, or all that were started here; its data is deleted
  status      what runs, and where

It installs what it needs: Java, Maven and Redis by apt-get (as root), jars by Maven into a cache folder.`

/** @throws Error with what to write instead */
export function readCommand(args: readonly string[]): Command {
  const [command, ...rest] = args
  switch (command) {
    case undefined:
    case 'help':
    case '--help':
    case '-h':
      return { command: 'help' }
    case 'status':
      nothingMore(command, rest)
      return { command }
    case 'stop': {
      const [name, ...more] = rest
      if (name?.startsWith('-')) throw new Error(`stop: found '${name}', expected a name or nothing`)
      nothingMore(command, more)
      return { command, name }
    }
    case 'start':
      return { command, start: readStart(rest) }
    default:
      throw new Error(`found '${command}', expected start, stop or status`)
  }
}

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const
const settings = { type: 'string', multiple: true, default: [] as string[] } as const

function readStart([kind, ...rest]: readonly string[]): Start {
  const args = [...rest]
  switch (kind) {
    case 'kafka': {
      const options = { name: text, nodes: text, version: text, secure: flag, set: settings }
      const { values } = parseArgs({ args, options })
      const nodes = number('nodes', values.nodes)
      if (nodes !== undefined && nodes !== 1 && nodes !== 3) throw new Error(`--nodes: found ${nodes}, expected 1 or 3`)
      const version = oneOf('version', kafkaVersions, values.version)
      return {
        kind,
        options: { name: values.name ?? kind, nodes, version, secure: values.secure, settings: pairs(values.set) },
      }
    }
    case 'redis': {
      const counted = { nodes: text, replicas: text }
      const options = { ...counted, name: text, tls: flag, password: text, 'append-only': flag, set: settings }
      const { values } = parseArgs({ args, options })
      const counts = { nodes: number('nodes', values.nodes), replicas: number('replicas', values.replicas) }
      checkNodes(counts)
      const { tls, password } = values
      const more = { appendOnly: values['append-only'], settings: pairs(values.set) }
      return { kind, options: { name: values.name ?? kind, ...counts, tls, password, ...more } }
    }
    case 'hbase': {
      const { values } = parseArgs({ args, options: { name: text, transport: text } })
      const transport: HBaseTransport | undefined = oneOf('transport', hbaseTransports, values.transport)
      return { kind, options: { name: values.name ?? kind, transport } }
    }
    default:
      throw new Error(`start: found ${kind === undefined ? 'nothing' : `'${kind}'`}, expected kafka, redis or hbase`)
  }
}

function nothingMore(command: string, rest: readonly string[]): void {
  if (rest.length > 0) throw new Error(`${command}: found '${rest.join(' ')}', expected nothing more`)
}

function number(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (!/^\d{1,6}$/.test(value)) throw new Error(`--${name}: found '${value}', expected a whole number`)
  return Number(value)
}

function oneOf<T extends string>(name: string, allowed: readonly T[], value: string | undefined): T | undefined {
  const found = allowed.find((each) => each === value)
  if (value !== undefined && found === undefined)
    throw new Error(`--${name}: found '${value}', expected one of ${allowed.join(', ')}`)
  return found
}

function pairs(lines: readonly string[]): Readonly<Record<string, string>> {
  const entries = lines.map((line): [string, string] => {
    const [, name, value] = /^([^=\s]+)=(.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`--set: found '${line}', expected PROPERTY=VALUE`)
    return [name, value]
  })
  return Object.fromEntries(entries)
}
