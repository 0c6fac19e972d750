/** Owns one connection through the proxy: the client's side, the server's side and the two lanes between them. */
import { type Socket, connect } from 'node:net'
import { Lane, type Schedule, type Shape } from './lane.ts'

export type { Shape } from './lane.ts'

export interface LinkParts {
  readonly client: Socket
  readonly targetPort: number
  readonly schedule: Schedule
  readonly shape: () => Shape
  readonly silent: () => boolean
}

export class Link {
  onEnd: () => void = () => undefined
  readonly #parts: LinkParts
  #server: Socket | undefined
  #lanes: readonly Lane[] = []
  /** A side was lost; the other learns it as soon as something passes again. */
  #lost = false
  #ended = false

  constructor(parts: LinkParts) {
    this.#parts = parts
    parts.client.pause()
    this.#watch(parts.client)
  }

  /** Does what may be done now: connects, passes on what waits, tells one side that the other is lost. */
  go(): void {
    if (this.#ended || this.#parts.silent()) return
    if (this.#lost) return this.reset()
    if (this.#server === undefined) this.#connect()
    for (const lane of this.#lanes) lane.go()
  }

  /** Ends both sides at once, as a crashed peer does. */
  reset(): void {
    if (this.#ended) return
    this.#ended = true
    for (const lane of this.#lanes) lane.stop()
    this.#parts.client.resetAndDestroy()
    this.#server?.resetAndDestroy()
    this.onEnd()
  }

  #connect(): void {
    const { client, targetPort, schedule, shape, silent } = this.#parts
    const server = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true })
    this.#server = server
    this.#watch(server)
    // Small pieces leave as they are written.
    client.setNoDelay(true)
    server.setNoDelay(true)
    const common = { schedule, shape, silent }
    this.#lanes = [new Lane({ from: client, to: server, ...common }), new Lane({ from: server, to: client, ...common })]
    client.resume()
  }

  #watch(side: Socket): void {
    // What went wrong shows as the close that follows.
    side.on('error', () => undefined)
    side.on('close', () => this.#closed())
  }

  #closed(): void {
    if (this.#ended) return
    const { client } = this.#parts
    const orderly = [client, this.#server].every((side) => side?.destroyed === true && side.errored === null)
    if (orderly) {
      this.#ended = true
      for (const lane of this.#lanes) lane.stop()
      this.onEnd()
      return
    }
    const oneBroke = [client, this.#server].some((side) => side !== undefined && side.errored !== null)
    const halfDead = oneBroke || this.#server === undefined
    if (!halfDead) return
    this.#lost = true
    this.go()
  }
}
