// A gateway in this process: tables in memory with the rules of HBase that were tried on a real one, and faults on order.
import { type Server as HttpServer, createServer as createHttp } from 'node:http'
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import { type BinaryWriter, TYPE } from '../src/thrift/binary-writer.ts'
import { MOST_FRAME_BYTES } from '../src/thrift/put-batch.ts'
import { type CallMessage, type Struct, frame, ioError, readCall, reply } from './fake-thrift.ts'

/**
 * What may happen to a call instead of an answer: it is lost with its connection, before or after it was carried out;
 * it is carried out and never answered; or it is refused with a text.
 */
export type Fault = 'cut' | 'cut-after' | 'hang' | { readonly refuse: string }

interface Cell {
  readonly value: Buffer
  readonly timestamp: bigint
}

interface Table {
  enabled: boolean
  readonly families: ReadonlyMap<string, number>
  readonly splits: number
  /** By row and then qualifier, as hex. */
  readonly rows: Map<string, Map<string, Cell>>
}

export interface FakeGateway extends AsyncDisposable {
  readonly tcp: string
  readonly http: string
  readonly tables: Map<string, Table>
  readonly calls: string[]
  /** Headers of the last request over HTTP. */
  readonly headers: Record<string, string | undefined>
  /** Asked before each call. */
  fault: (call: CallMessage) => Fault | undefined
  readonly connections: number
  /** Closes every connection, as a gateway does that was idle for long. */
  readonly hangUp: () => void
  /** How many calls of one connection were waiting at a time. */
  readonly mostWaiting: number
}

export async function fakeGateway(): Promise<FakeGateway> {
  const tables = new Map<string, Table>()
  const calls: string[] = []
  const headers: Record<string, string | undefined> = {}
  const sockets = new Set<Socket>()
  let mostWaiting = 0
  const answer = (bytes: Buffer): Buffer | Fault => {
    const call = readCall(bytes)
    calls.push(call.method)
    const fault = gateway.fault(call)
    if (fault === 'cut') return fault
    if (typeof fault === 'object') return ioError(call.method, call.sequence, fault.refuse)
    const done = carryOut(tables, call)
    return fault ?? done
  }
  const tcp = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    let got = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk])
      // A frame that is too large, and whatever else begins with such a number, ends the connection without a word.
      if (got.length >= 4 && got.readUInt32BE(0) > MOST_FRAME_BYTES) return void socket.destroy()
      let waiting = 0
      while (got.length >= 4 && got.length >= 4 + got.readInt32BE(0)) {
        const message = got.subarray(4, 4 + got.readInt32BE(0))
        got = got.subarray(4 + message.length)
        mostWaiting = Math.max(mostWaiting, ++waiting)
        const said = answer(message)
        if (Buffer.isBuffer(said)) socket.write(frame(said))
        else if (said !== 'hang') socket.destroy()
      }
    })
  })
  const http = createHttp((request, response) => {
    Object.assign(headers, request.headers)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const said = answer(Buffer.concat(chunks))
      if (Buffer.isBuffer(said)) response.end(said)
      else if (said !== 'hang') request.socket.destroy()
    })
  })
  http.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const [tcpPort, httpPort] = [await listen(tcp), await listen(http)]
  const gateway: FakeGateway = {
    tcp: `tcp://127.0.0.1:${tcpPort}`,
    http: `http://127.0.0.1:${httpPort}`,
    tables,
    calls,
    headers,
    fault: () => undefined,
    get connections() {
      return sockets.size
    },
    get mostWaiting() {
      return mostWaiting
    },
    hangUp: () => {
      for (const socket of sockets) socket.destroy()
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await Promise.all([tcp, http].map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
  return gateway
}

function listen(server: Server | HttpServer): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function carryOut(tables: Map<string, Table>, { method, sequence, args }: CallMessage): Buffer {
  const name = tableName(args.get(1))
  const table = tables.get(name)
  const answer = (write: (out: BinaryWriter) => void): Buffer => reply(method, sequence, write)
  const yes = (value: boolean): Buffer => answer((out) => out.boolField(0, value))
  switch (method) {
    case 'tableExists':
      return yes(table !== undefined)
    case 'createTable':
      if (table !== undefined) return ioError(method, sequence, `org.apache.hadoop.hbase.TableExistsException: ${name}`)
      tables.set(name, newTable(args))
      return answer(() => {})
    default:
  }
  if (table === undefined)
    return ioError(
      method,
      sequence,
      `org.apache.hadoop.hbase.TableNotFoundException: ${name}\n\tat org.apache.Foo.bar(Foo.java:1)`,
    )
  switch (method) {
    case 'isTableEnabled':
      return yes(table.enabled)
    case 'disableTable':
      table.enabled = false
      return answer(() => {})
    case 'getTableDescriptor':
      return answer((out) => writeDescriptor(out, table))
    default:
  }
  if (!table.enabled)
    return ioError(method, sequence, `org.apache.hadoop.hbase.TableNotEnabledException: ${name} is disabled.`)
  switch (method) {
    case 'putMultiple':
      for (const put of args.get(2) as readonly Struct[]) applyPut(table, put)
      return answer(() => {})
    case 'get': {
      const row = (args.get(2) as Struct).get(1) as Buffer
      return answer((out) => {
        out.field(TYPE.struct, 0)
        writeRow(out, row, table.rows.get(row.toString('hex')) ?? new Map<string, Cell>())
      })
    }
    case 'getScannerResults':
      return answer((out) => writeScan(out, table, args))
    case 'checkAndMutate': {
      const [row, qualifier, expected] = [2, 4, 6].map((id) => args.get(id) as Buffer) as [Buffer, Buffer, Buffer]
      const found = table.rows.get(row.toString('hex'))?.get(qualifier.toString('hex'))?.value
      const same = found === undefined ? expected.length === 0 : found.equals(expected)
      const [mutation] = (args.get(7) as Struct).get(2) as readonly Struct[]
      if (same) applyPut(table, mutation?.get(1) as Struct)
      return yes(same)
    }
    default:
      return ioError(method, sequence, `no method ${method}`)
  }
}

function tableName(found: unknown): string {
  if (Buffer.isBuffer(found)) return found.toString()
  const struct = found as Struct
  const inner = (struct.get(1) instanceof Map ? struct.get(1) : struct) as Struct
  const [space, name] = [inner.get(1) as Buffer | undefined, inner.get(2) as Buffer]
  return space === undefined ? name.toString() : `${space.toString()}:${name.toString()}`
}

function newTable(args: Struct): Table {
  const families = (args.get(1) as Struct).get(2) as readonly Struct[]
  return {
    enabled: true,
    families: new Map(families.map((family) => [(family.get(1) as Buffer).toString(), Number(family.get(10) ?? 1)])),
    splits: ((args.get(2) ?? []) as readonly Buffer[]).length,
    rows: new Map(),
  }
}

function applyPut(table: Table, put: Struct): void {
  const row = (put.get(1) as Buffer).toString('hex')
  const cells = table.rows.get(row) ?? new Map<string, Cell>()
  table.rows.set(row, cells)
  for (const column of put.get(2) as readonly Struct[]) {
    const qualifier = (column.get(2) as Buffer).toString('hex')
    const cell = { value: column.get(3) as Buffer, timestamp: column.get(4) as bigint }
    // The newest stays; of equal ones the last.
    if ((cells.get(qualifier)?.timestamp ?? -1n) <= cell.timestamp) cells.set(qualifier, cell)
  }
}

function writeScan(out: BinaryWriter, table: Table, args: Struct): void {
  const scan = args.get(2) as Struct
  const [start, stop] = [1, 2].map((id) =>
    ((scan.get(id) as Buffer | undefined) ?? Buffer.alloc(0)).toString('hex'),
  ) as [string, string]
  const since = ((scan.get(6) as Struct | undefined)?.get(1) as bigint | undefined) ?? 0n
  const most = Number(args.get(3) ?? 1)
  const found: [string, Map<string, Cell>][] = []
  for (const row of [...table.rows.keys()].sort()) {
    if (found.length === most) break
    if (row < start || (stop !== '' && row >= stop)) continue
    const cells = new Map([...(table.rows.get(row) ?? [])].filter(([, { timestamp }]) => timestamp >= since))
    if (cells.size > 0) found.push([row, cells])
  }
  out.field(TYPE.list, 0)
  out.list(TYPE.struct, found.length)
  for (const [row, cells] of found) writeRow(out, Buffer.from(row, 'hex'), cells)
}

function writeRow(out: BinaryWriter, row: Buffer, cells: ReadonlyMap<string, Cell>): void {
  if (cells.size > 0) out.binaryField(1, row)
  out.field(TYPE.list, 2)
  out.list(TYPE.struct, cells.size)
  for (const [qualifier, { value, timestamp }] of [...cells].sort(([a], [b]) => (a < b ? -1 : 1))) {
    out.binaryField(1, Buffer.from('d'))
    out.binaryField(2, Buffer.from(qualifier, 'hex'))
    out.binaryField(3, value)
    out.i64Field(4, Number(timestamp))
    out.stop()
  }
  out.boolField(3, false)
  out.stop()
}

function writeDescriptor(out: BinaryWriter, { families }: Table): void {
  out.field(TYPE.struct, 0)
  out.field(TYPE.list, 2)
  out.list(TYPE.struct, families.size)
  for (const [name, maxVersions] of families) {
    out.binaryField(1, Buffer.from(name))
    out.i32Field(10, maxVersions)
    out.stop()
  }
  out.stop()
}
