/**
 * The twin of one server behind a client: the commands that this package sends, its scripts by what they are said to do,
 * and failures put before them.
 */
import type { Argument } from '../src/client/port.ts'
import type { RedisClientSlice } from '../src/index.ts'
import { ANNOUNCE, GLANCE, MOVE, NEXT, RAISE, type Script, WRITE } from '../src/store/scripts.ts'

type Hash = Map<string, Buffer>

export interface FakeRedis {
  readonly client: RedisClientSlice
  /** What the next commands of a name answer, one each; undefined lets one pass. */
  readonly fail: (command: string, ...errors: readonly (string | undefined)[]) => void
  /** How many commands of a name came. */
  readonly count: (command: string) => number
  /** Everything is gone, scripts too: a restart without a file. */
  readonly forget: () => void
  /** The same data, or what is left by `lose`, in a server that has begun anew. */
  readonly restart: (lose?: (key: string) => boolean) => void
  readonly keys: () => readonly string[]
}

export interface FakeRedisOptions {
  readonly maxmemoryPolicy?: string
  /** The client tells of its connections, as `@redis/client` does for one server. */
  readonly tells?: boolean
}

export function fakeRedis({ maxmemoryPolicy = 'noeviction', tells = false }: FakeRedisOptions = {}): FakeRedis {
  const hashes = new Map<string, Hash>()
  const known = new Set<string>()
  const failures = new Map<string, (string | undefined)[]>()
  const counts = new Map<string, number>()
  const text = (argument: Argument | undefined): string =>
    Buffer.isBuffer(argument) ? argument.toString('latin1') : String(argument)
  const hash = (key: Argument): Hash => {
    let found = hashes.get(text(key))
    if (found === undefined) hashes.set(text(key), (found = new Map()))
    return found
  }
  let life = 1
  const connected: (() => void)[] = []
  const number = (of: Buffer | undefined): number | undefined => (of === undefined ? undefined : Number(String(of)))

  const scripts = new Map<Script, (keys: readonly Argument[], args: readonly Argument[]) => unknown>([
    [
      WRITE,
      (keys, args) => {
        let [at, older] = [0, 0]
        for (const key of keys) {
          const count = Number(text(args[at + 1]))
          at += 2
          for (const end = at + 2 * count; at < end; at += 2) {
            const [field, value] = [text(args[at]), args[at + 1] as Buffer]
            const before = hash(key).get(field)
            if (before !== undefined && before.subarray(0, 9).compare(value.subarray(0, 9)) > 0) older++
            else hash(key).set(field, Buffer.from(value))
          }
        }
        return older
      },
    ],
    [
      ANNOUNCE,
      ([state = ''], [field, to]) => {
        const now = hash(state).get(text(field))
        if (now === undefined || BigInt(String(now)) < BigInt(text(to)))
          hash(state).set(text(field), Buffer.from(text(to)))
        return Buffer.from(`life${life}`)
      },
    ],
    [
      GLANCE,
      ([state = ''], [prefix]) => {
        const said = [...(hashes.get(text(state)) ?? [])].filter(([field]) => field.startsWith(text(prefix)))
        return [`life${life}`, ...said.flat()].map((one) => Buffer.from(one as string))
      },
    ],
    [
      MOVE,
      ([state = ''], [field, from, to = '', , its]) => {
        const now = hash(state).get(text(field)) ?? Buffer.alloc(0)
        if (String(now).split(' ')[0] !== text(from)) return [0, now]
        if (text(its) !== '' && text(its) !== `life${life}`) return [0, now]
        hash(state).set(text(field), Buffer.from(to))
        return [1, Buffer.from(to)]
      },
    ],
    [
      RAISE,
      ([state = ''], [field, to = '']) => {
        const now = number(hash(state).get(text(field)))
        if (now === undefined || now < Number(text(to))) hash(state).set(text(field), Buffer.from(text(to)))
        return 1
      },
    ],
    [
      NEXT,
      ([state = ''], [field, least]) => {
        const next = Math.max(number(hash(state).get(text(field))) ?? 0, Number(text(least))) + 1
        hash(state).set(text(field), Buffer.from(String(next)))
        return next
      },
    ],
  ])

  const commands: { readonly [name: string]: (args: readonly Argument[]) => unknown } = {
    INFO: () => Buffer.from(`maxmemory_policy:${maxmemoryPolicy}\r\n`),
    EXISTS: () => 0,
    HGET: ([key = '', field]) => hashes.get(text(key))?.get(text(field)) ?? null,
    HGETALL: ([key = '']) =>
      [...(hashes.get(text(key)) ?? [])].flatMap(([field, value]) => [Buffer.from(field, 'latin1'), value]),
    HSETNX: ([key = '', field, value]) => {
      if (hash(key).has(text(field))) return 0
      hash(key).set(text(field), Buffer.from(text(value)))
      return 1
    },
    SCAN: () => [Buffer.from('0'), [...hashes.keys()].map((key) => Buffer.from(key, 'latin1'))],
    EVAL: ([body, ...rest]) => {
      known.add(text(body))
      return evaluate(({ text: own }) => own === body, rest)
    },
    EVALSHA: ([sha, ...rest]) =>
      evaluate(({ text: own, sha: its }) => its === sha && known.has(own), rest, 'NOSCRIPT No matching script.'),
  }
  function evaluate(is: (script: Script) => boolean, [n, ...rest]: readonly Argument[], missing = 'ERR'): unknown {
    const found = [...scripts].find(([script]) => is(script))
    if (found === undefined) throw new Error(missing)
    return found[1](rest.slice(0, Number(n)), rest.slice(Number(n)))
  }

  return {
    client: {
      isReady: true,
      ...(tells ? { on: (_: never, listener: never) => connected.push(listener) } : {}),
      sendCommand: async (...[sent]: readonly unknown[]) => {
        const [name = '', ...args] = sent as readonly string[]
        counts.set(name, (counts.get(name) ?? 0) + 1)
        const error = failures.get(name)?.shift()
        if (error !== undefined) throw new Error(error)
        const command = commands[name]
        if (command === undefined) throw new Error(`ERR unknown command '${name}'`)
        return command(args)
      },
    },
    fail: (command, ...errors) => failures.set(command, [...errors]),
    count: (command) => counts.get(command) ?? 0,
    forget: () => {
      hashes.clear()
      known.clear()
    },
    restart: (lose = () => false) => {
      life++
      known.clear()
      for (const tell of connected) tell()
      for (const key of [...hashes.keys()].filter(lose)) hashes.delete(key)
    },
    keys: () => [...hashes.keys()],
  }
}
