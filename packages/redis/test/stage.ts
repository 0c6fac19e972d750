// Cells and clients of the services tests.
import { createClient } from '@redis/client'
import type { Cell } from '@tidemark/core'
import type { RedisSlice } from '../src/index.ts'

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

export const cell = (key: string, end: number, revision: number, more: Partial<Cell> = {}): Cell => ({
  key: bytes(key),
  start: end - 10,
  end,
  correction: '',
  epoch: 0,
  revision,
  value: bytes(`${key}${end}.${revision}`),
  ...more,
})

export type Client = RedisSlice & { destroy(): void }

/** A client as users make it; what it says of lost connections is not of interest. */
export async function clientOf(port: number): Promise<Client> {
  const client = createClient({ socket: { host: '127.0.0.1', port }, disableOfflineQueue: true })
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Whole numbers below a bound, the same for a seed. */
export function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
