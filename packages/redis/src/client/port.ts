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
      send: (_, args) => client.sendCommand(args as never, OPTIONS as never),
      masters: async () => [to(client)],
    }
  }
  return {
    cluster: true,
    get isReady() {
      return client.isReady
    },
    send: (key, args) => client.sendCommand(key as never, false, args as never, OPTIONS as never),
    masters: () => Promise.all(client.masters.map(async (node) => to(await client.nodeClient(node as never)))),
  }
}
