/** Owns a folder of this user in the shared place for temporary files. */
import { lstatSync, mkdirSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/** The folder `NAME-UID`. It is this user's alone: others could have put links there that lead elsewhere. */
export function ownTemporaryFolder(name: string): string {
  const { uid } = userInfo()
  const folder = join(tmpdir(), `${name}-${uid}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  if (!found.isDirectory() || found.uid !== uid) throw new Error(`${folder} is not a folder of this user: remove it`)
  return folder
}
