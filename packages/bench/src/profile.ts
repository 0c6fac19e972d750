/** Owns CPU profiles: of the engine's timed runs only, written for a browser's developer tools, with a summary in text. */
import { writeFileSync } from 'node:fs'
import { Session, type Profiler as InspectorProfiler } from 'node:inspector'
import { resolve } from 'node:path'

export interface Profiler {
  begin(): void
  end(): void
}

const MOST_SHOWN = 20

/** Profiles what lies between begin and end; the last such stretch is kept. */
export class CpuProfiler implements Profiler {
  readonly #session: Session = new Session()
  #profile: InspectorProfiler.Profile | undefined

  constructor() {
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.setSamplingInterval', { interval: 200 })
  }

  begin(): void {
    this.#session.post('Profiler.start')
  }

  end(): void {
    this.#session.post('Profiler.stop', (error, stopped) => {
      if (error === null) this.#profile = stopped.profile
    })
  }

  /** Writes the profile of the last run; says where, and which functions took the time. */
  write(name: string): string {
    const profile = this.#profile
    if (profile === undefined) return 'no profile was taken'
    const file = resolve(`${name}.cpuprofile`)
    writeFileSync(file, JSON.stringify(profile))
    return `CPU profile: ${file}\n${summary(profile)}`
  }
}

/** The functions with the most samples of their own. */
function summary({ nodes, samples = [] }: InspectorProfiler.Profile): string {
  const places = new Map(
    nodes.map(({ id, callFrame }) => [
      id,
      `${callFrame.functionName || '(anonymous)'} ${callFrame.url.replace(/^.*\/packages\//, '')}:${callFrame.lineNumber + 1}`,
    ]),
  )
  const counts = new Map<string, number>()
  for (const sample of samples) {
    const place = places.get(sample) ?? '?'
    counts.set(place, (counts.get(place) ?? 0) + 1)
  }
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_SHOWN)
  return most
    .map(([place, count]) => `${((100 * count) / samples.length).toFixed(1).padStart(6)} %  ${place}`)
    .join('\n')
}
