/**
 * Owns what this package asks of a client of Redis: the slice of `@redis/client` that it calls, for one server and for a
 * cluster, and one face over both. Connections, credentials and TLS are the user's matter.
 */

/** A key, a name or bytes. */
export type Argument = string | Buffer

/** How a command is to be answered: bytes as Buffers. The timeout of the client is switched off: batches have their own. */
export interface CommandOptions {
  readonly typeMapping: { readonly [type: number]: unknown }
  readonly timeout: number | undefined
}

/** `createClient()` of `@redis/client`, connected. */
export interface RedisClientSlice {
  readonly isReady: boolean
  sendCommand(args: never, options?: never): Promise<unknown>
  /** Listened to for 'connect', once per client. */
  on?(event: never, listener: never): unknown
}

/** `createCluster()` of `@redis/client`, connected. */
export interface RedisClusterSlice {
  readonly isReady: boolean
  readonly masters: readonly { readonly address: string }[]
  nodeClient(node: never): Promise<RedisClientSlice>
  sendCommand(firstKey: never, isReadonly: boolean | undefined, args: never, options?: never): Promise<unknown>
}

export type RedisSlice = RedisClientSlice | RedisClusterSlice

/** Replies of type `$` come as bytes; of type `%` (maps) as flat lists, as they do in RESP2: names are bytes as well. */
const OPTIONS: CommandOptions = { typeMapping: { 36: Buffer, 37: Array }, timeout: undefined }

export interface Commands {
  readonly cluster: boolean
  readonly isReady: boolean
  /** To whoever has the key; undefined: to anybody. */
  readonly send: (key: Buffer | undefined, args: readonly Argument[]) => Promise<unknown>
  /**
   * How often the client has connected anew: as long as that is the same, one server has answered, in one life of it.
   * Undefined where several do, or nobody says.
   */
  readonly connections: (() => number) | undefined
  /** Clients of all masters: for commands about all keys of a server. */
  readonly masters: () => Promise<readonly ((args: readonly Argument[]) => Promise<unknown>)[]>
}

export function commandsOf(client: RedisSlice): Commands {
  const to =
    (of: RedisClientSlice) =>
    (args: readonly Argument[]): Promise<unknown> =>
      of.sendCommand(args as never, OPTIONS as never)
  if (!('masters' in client)) {
    return {
      cluster: false,
      get isReady() {
        return client.isReady
      },
      connections: connectionsOf(client),
      send: (_, args) => client.sendCommand(args as never, OPTIONS as never),
      masters: async () => [to(client)],
    }
  }
  return {
    cluster: true,
    get isReady() {
      return client.isReady
    },
    connections: undefined,
    send: (key, args) => client.sendCommand(key as never, false, args as never, OPTIONS as never),
    masters: () => Promise.all(client.masters.map(async (node) => to(await client.nodeClient(node as never)))),
  }
}

const counted = new WeakMap<RedisClientSlice, { connections: number }>()

function connectionsOf(client: RedisClientSlice): (() => number) | undefined {
  if (client.on === undefined) return undefined
  let count = counted.get(client)
  if (count === undefined) {
    const made = { connections: 0 }
    counted.set(client, (count = made))
    // Told before anything is sent by a new connection.
    client.on('connect' as never, (() => made.connections++) as never)
  }
  const own = count
  return () => own.connections
}
