/** Owns slots of a cluster: which one a key lies in, and names that lie in a given one. */
const SLOTS = 16_384

/** The slot of a key: CRC16 of what is between the first brace and the next closing one, or of all (Redis Cluster). */
export function slotOf(key: Uint8Array): number {
  const open = key.indexOf(0x7b)
  const close = open < 0 ? -1 : key.indexOf(0x7d, open + 1)
  const part = close > open + 1 ? key.subarray(open + 1, close) : key
  let crc = 0
  for (let i = 0; i < part.length; i++)
    crc = ((crc << 8) & 0xffff) ^ (CRC16[(crc >> 8) ^ (part[i] as number)] as number)
  return crc % SLOTS
}

/** What one byte does to the checksum, with the polynomial 0x1021. */
const CRC16: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
  return crc & 0xffff
})

/** The shortest number whose text lies in a slot. */
export function tagIn(slot: number): string {
  for (let i = 0; ; i++) if (slotOf(Buffer.from(String(i))) === slot) return String(i)
}
