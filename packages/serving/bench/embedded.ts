/**
 * What small results cost in LMDB and in node:sqlite, the two stores that were weighed for embedded tiers: `embedded.ts
 * RUNS`, in folders of its own. The two take turns, hold the same rows and wait for the disk with every batch. Prints a
 * figure per line as JSON; `npm run bench:stores -- --stores embedded` makes the table.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'

/** The hours of 14 days. */
const HOURS = 336
const KEYS = 500
/** Hours of all keys in one batch. */
const HOURS_PER_BATCH = 4
const READS = 300
const VALUE = Buffer.alloc(60, 7)

type Row = readonly [key: Buffer, value: Buffer]

interface Store {
  /** One transaction, on the disk when it resolves. */
  readonly put: (rows: readonly Row[]) => Promise<void>
  /** From a key on, to before another. */
  readonly read: (from: Buffer, to: Buffer) => readonly Buffer[]
  readonly close: () => Promise<void> | void
}

async function lmdb(path: string): Promise<Store> {
  const { open } = await import('lmdb')
  const db = open<Buffer, Buffer>({ path, encoding: 'binary', keyEncoding: 'binary', noSubdir: false })
  return {
    put: async (rows) => {
      db.transactionSync(
        () => {
          for (const [key, value] of rows) db.putSync(key, value)
        },
        1 | 2 | 0x1_0000,
      )
      await db.flushed
    },
    read: (start, end) => [...db.getRange({ start, end })].map(({ value }) => value),
    close: () => db.close(),
  }
}

async function sqlite(path: string): Promise<Store> {
  const { DatabaseSync } = await import('node:sqlite')
  const db = new DatabaseSync(join(path, 'data.sqlite'))
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
    CREATE TABLE IF NOT EXISTS rows (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID`)
  const put = db.prepare('INSERT INTO rows VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value')
  const read = db.prepare('SELECT value FROM rows WHERE key >= ? AND key < ?')
  return {
    put: async (rows) => {
      db.exec('BEGIN IMMEDIATE')
      for (const [key, value] of rows) put.run(key, value)
      db.exec('COMMIT')
    },
    read: (from, to) => read.all(from, to).map((row) => row['value'] as unknown as Buffer),
    close: () => db.close(),
  }
}

const STORES = { LMDB: lmdb, 'node:sqlite': sqlite } as const
type Name = keyof typeof STORES

function keyOf(key: number, hour: number): Buffer {
  const bytes = Buffer.alloc(28)
  bytes.write(`/page/${String(key).padStart(6, '0')}`)
  bytes.writeUIntBE(hour, 20, 6)
  return bytes
}

function say(row: string, measure: string, value: number): void {
  console.log(JSON.stringify({ row, measure, value }))
}

/** How long something takes by the clock and of the processor, ms. */
async function timed(work: () => Promise<void> | void): Promise<readonly [elapsed: number, cpu: number]> {
  const [began, before] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(before)
  return [performance.now() - began, (user + system) / 1_000]
}

async function measure(name: Name, path: string): Promise<void> {
  const store = await STORES[name](path)
  const [elapsed, cpu] = await timed(async () => {
    for (let hour = 0; hour < HOURS; hour += HOURS_PER_BATCH) {
      const rows = Array.from({ length: KEYS * HOURS_PER_BATCH }, (_, i): Row => {
        return [keyOf(i % KEYS, hour + Math.floor(i / KEYS)), VALUE]
      })
      await store.put(rows)
    }
  })
  const rows = KEYS * HOURS
  const per = `a batch of ${(KEYS * HOURS_PER_BATCH).toLocaleString('en-US')} rows`
  say(per, `${name}, ms`, elapsed / (HOURS / HOURS_PER_BATCH))
  say(per, `${name}, CPU µs/row`, (1_000 * cpu) / rows)
  const single: Row[] = Array.from({ length: 50 }, (_, i) => [keyOf(i, HOURS), VALUE])
  const [alone] = await timed(async () => {
    for (const row of single) await store.put([row])
  })
  say('a batch of one row', `${name}, ms`, alone / single.length)
  let found = 0
  const [reading] = await timed(() => {
    for (let i = 0; i < READS; i++) found += store.read(keyOf((i * 7) % KEYS, 0), keyOf((i * 7) % KEYS, HOURS)).length
  })
  if (found !== READS * HOURS) throw new Error(`${name}: found ${found} rows, expected ${READS * HOURS}`)
  say('14 days of a key', `${name}, ms`, reading / READS)
  await store.close()
  const bytes = readdirSync(path).reduce((sum, file) => sum + statSync(join(path, file)).size, 0)
  say('file', `${name}, bytes/row`, bytes / rows)
  const script = fileURLToPath(import.meta.url)
  const child = spawnSync(process.execPath, ['--no-warnings', script, '--cold', name, path], { encoding: 'utf8' })
  if (child.status !== 0) throw new Error(child.stderr)
  say('a process that begins: load, open and read once', `${name}, ms`, Number(child.stdout))
}

const [first, name, path] = process.argv.slice(2) as [string, Name, string]
if (first === '--cold') {
  const began = performance.now()
  const store = await STORES[name](path)
  store.read(keyOf(1, 0), keyOf(1, HOURS))
  console.log(performance.now() - began)
  await store.close()
} else {
  for (let run = 0; run < Number(first); run++) {
    for (const one of ['LMDB', 'node:sqlite'] as const) {
      const folder = mkdtempSync(join(tmpdir(), 'tidemark-embedded-'))
      await measure(one, folder)
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
