/** Owns the list of benches: what each one runs, against what, and what it is to reach. */
import type { Bench, Targets } from './bench.ts'
import { closing } from './closing.ts'
import { chain, jsonBytes, objectSource, recordSource, refinement } from './paths.ts'
import { inFolder, inMemory, snapshots } from './snapshots.ts'
import { depthThree } from './step-triggers.ts'
import { weighing } from './weighing.ts'
import { earlyAndLatePanes, hoppingWindows, sessions, triggered, tumblingWindows } from './windows.ts'

const MILLION = 1_000_000

export const benches: readonly Bench[] = [
  // 100 records per key and window, or 1.5.
  tumblingBench('tumbling-1k', 1_000, 30, 0),
  tumblingBench('tumbling-disorder-1k', 1_000, 30, 10),
  tumblingBench('tumbling-1m', MILLION, 2, 0),
  tumblingBench('tumbling-disorder-1m', MILLION, 2, 10),
  hoppingBench('hopping-60s-1s', 1_000),
  hoppingBench('hopping-60s-100ms', 100),
  sessionBench('session-1k', 1_000),
  sessionBench('session-100k', 100_000),
  {
    name: 'early-late-1k',
    what: 'early panes every 10 s, on-time, lateness 1 min; unit: our own tumbling',
    make: (scale) => earlyAndLatePanes(scaled(3 * MILLION, scale), 1_000, 30, targets(1.3, 1.3)),
  },
  {
    name: 'refinement-1k',
    what: 'a pane per record; unit: a hand loop that makes an object per record',
    make: (scale) => refinement(scaled(2 * MILLION, scale), 1_000, targets(2, 2.5)),
  },
  {
    name: 'trigger-depth-3',
    what: 'repeatedly, after 1,000 records or 10 s, as a step; unit: the default trigger',
    make: (scale) => triggered(depthThree, scaled(3 * MILLION, scale), 1_000, 30, targets(3, 3)),
  },
  {
    name: 'chain-4',
    what: 'filter, map, map, filter; unit: inline code',
    make: (scale) => chain(scaled(3 * MILLION, scale), targets(1.5, 4)),
  },
  {
    name: 'object-source',
    what: 'AsyncIterable of batches in, AsyncIterable of panes out, 1,000 keys',
    make: (scale) => objectSource(scaled(3 * MILLION, scale), 1_000, targets(2.5, 3)),
  },
  {
    name: 'object-source-records',
    what: 'the same with an AsyncIterable of records; unit: for await',
    make: (scale) => recordSource(scaled(MILLION, scale), 1_000, undefined),
  },
  {
    name: 'json-bytes',
    what: 'JSON in a Buffer, 1,000 keys; unit: JSON.parse and the hand loop',
    make: (scale) => jsonBytes(scaled(MILLION, scale), 1_000, targets(1.15, 1.25)),
  },
  {
    name: 'close-1m',
    what: 'closing a window of 1,000,000 keys',
    make: (scale) => closing(scaled(MILLION, scale), { pauseMs: targets(50, 50), total: targets(2, 2) }),
  },
  {
    name: 'memory-1m',
    what: 'count and sum of 1,000,000 keys, their strings not counted',
    make: (scale) => weighing(scaled(MILLION, scale), targets(60, 60)),
  },
  {
    name: 'snapshot-1m',
    what: 'a checkpoint of 1,000,000 keys in memory while records flow',
    make: (scale) => snapshots(scaled(MILLION, scale), inMemory, targets(50, 50)),
  },
  {
    name: 'snapshot-folder-1m',
    what: 'the same into a folder',
    make: (scale) => snapshots(scaled(MILLION, scale), inFolder, targets(50, 50)),
  },
]

function tumblingBench(name: string, keys: number, windows: number, disorderS: number): Bench {
  return {
    name,
    what: `60 s, ${keys.toLocaleString('en')} keys, ${disorderS === 0 ? 'in order' : `${disorderS} s disorder`}`,
    make: (scale) => {
      const keyCount = Math.max(10, scaled(keys, scale))
      return tumblingWindows(scaled(3 * MILLION, scale), keyCount, windows, disorderS * 1_000, targets(1.5, 2))
    },
  }
}

/** 100 keys, 100 records per key and slide. */
function hoppingBench(name: string, everyMs: number): Bench {
  return {
    name,
    what: `60 s every ${everyMs} ms, 100 keys; unit: our own tumbling`,
    make: (scale) =>
      hoppingWindows(everyMs, Math.max(5, scaled(180, scale)), Math.max(4, scaled(100, scale)), targets(1.2, 1.2)),
  }
}

function sessionBench(name: string, keys: number): Bench {
  return {
    name,
    what: `gap 30 s, 4 to 5 records per session, ${keys.toLocaleString('en')} keys`,
    make: (scale) => sessions(scaled(MILLION, scale), Math.max(10, scaled(keys, scale)), targets(2, 2.5)),
  }
}

function targets(generated: number, plain: number): Targets {
  return { generated, plain }
}

function scaled(count: number, scale: number): number {
  return Math.max(1, Math.round(count * scale))
}
