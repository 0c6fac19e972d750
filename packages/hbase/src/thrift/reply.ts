/** Owns the envelope of a reply: that it answers the call that was made, and what refused the call where one did. */
import { type BinaryReader, badReply } from './binary-reader.ts'
import { TYPE } from './binary-writer.ts'
import { refusal } from './refusals.ts'

const VERSION = 0x8001
const REPLY = 2
const EXCEPTION = 3

/** What a method returns: `read` takes the success of this type, `absent` stands for none. */
export interface Success<T> {
  readonly type: number
  readonly read: (from: BinaryReader) => T
  readonly absent?: T
}

/** A method that returns nothing. */
export const NOTHING: Success<undefined> = { type: TYPE.stop, read: () => undefined, absent: undefined }

/**
 * What the reply says.
 * @throws StreamError HBASE_BAD_REPLY for a reply to another call; what `refusal` makes of an error
 */
export function readReply<T>(from: BinaryReader, method: string, sequence: number, success: Success<T>): T {
  readHead(from, method, sequence)
  let found: { readonly value: T } | undefined = 'absent' in success ? { value: success.absent as T } : undefined
  from.struct((id, type) => {
    if (id === 0) {
      if (type !== success.type) throw badReply(`a result of ${method} of type ${type}`, `type ${success.type}`)
      found = { value: success.read(from) }
      return true
    }
    if (type !== TYPE.struct || id > 2) return false
    const said = readMessage(from)
    throw refusal(method, id === 1 ? 'io' : 'argument', said)
  })
  from.end()
  if (found === undefined) throw badReply(`no result of ${method}`)
  return found.value
}

function readHead(from: BinaryReader, method: string, sequence: number): void {
  const version = from.i16() & 0xffff
  const kind = from.i16()
  if (version !== VERSION) throw badReply('something else than a message of the binary protocol')
  const [name, number] = [from.text(), from.i32()]
  // Whoever reads a reply to another call would take somebody else's data for its own.
  if (name !== method || number !== sequence)
    throw badReply(`the reply to ${name.slice(0, 40)} ${number}`, `that to ${method} ${sequence}`)
  if (kind === EXCEPTION) throw refusal(method, 'application', readMessage(from))
  if (kind !== REPLY) throw badReply(`a message of kind ${kind}`)
}

/** TIOError, TIllegalArgument and TApplicationException all say it in field 1. */
function readMessage(from: BinaryReader): string {
  let said = ''
  from.struct((id, type) => {
    if (id !== 1 || type !== TYPE.binary) return false
    said = from.text()
    return true
  })
  return said
}
