/**
 * Owns what every writer and reader of one set of results must mean the same by, and that they do: the first writer says
 * it in the cold store, everyone else compares.
 */
import { type ColdSession, type LogSession, StreamError } from '@tidemark/core'
import { REGISTERS, type Settings, decodeRegister, encodeRegister, sameBytes } from './registers.ts'

/** What was agreed; undefined: no writer has ever been here. @throws StreamError TIERS_DIFFER */
export async function agreed(cold: ColdSession, name: string, own: Settings): Promise<Settings | undefined> {
  const bytes = await cold.register(REGISTERS.settings)
  if (bytes === undefined) return undefined
  const said = decodeRegister<Settings>(REGISTERS.settings, bytes)
  for (const part of ['leaseMs', 'longestQueryMs', 'overlapMs'] as const)
    if (said[part] !== own[part])
      throw new StreamError(
        'TIERS_DIFFER',
        `The tiers of '${name}': found ${part} ${own[part]} here and ${said[part]} in the cold store, expected the same in every process that reads or writes them. Readers rely on the evictor's patience. Use the same options everywhere; to change them, fill a new version.`,
      )
  return said
}

const FOR_EVER = Number.POSITIVE_INFINITY

/** As `agreed`, and says it where nobody has, or where the log has more partitions now. */
export async function agree(
  cold: ColdSession,
  name: string,
  own: Omit<Settings, 'partitions'>,
  log: LogSession,
): Promise<Settings> {
  for (;;) {
    const before = await cold.register(REGISTERS.settings)
    const said = await agreed(cold, name, { ...own, partitions: log.partitions })
    // What is there goes when it was told to, however long later results stay.
    const keepForMs = Math.min(own.keepForMs ?? FOR_EVER, said?.keepForMs ?? FOR_EVER)
    const settings: Settings = {
      ...own,
      keepForMs: keepForMs === FOR_EVER ? undefined : keepForMs,
      partitions: log.partitions,
    }
    const bytes = encodeRegister(settings)
    if (sameBytes(before, bytes) || (await cold.compareAndSet(REGISTERS.settings, before, bytes))) return settings
  }
}
