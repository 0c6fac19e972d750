/** `npm run earthquakes`: a week of real, badly delayed earthquakes as a stream, and the proof that nothing was lost. */
import { arrivalClock, collected } from '@tidemark/core'
import { type Answers, differences, lateDifferences, nameOf, recompute, tooLateByHand } from './batch.ts'
import { type Quake, loadQuakes } from './data.ts'
import { type LateQuake, type QuakePane, type QuakeResult, earthquakesByDay } from './job.ts'
import { finalResults, life, opening, published, title, tooLate } from './report.ts'
import { type Screen, screenOf, time } from '../screen.ts'

/** Replays, reports and compares; answers the exit code. `batch` is what the finals are compared with. */
export async function demo(
  screen: Screen,
  batch: (quakes: readonly Quake[], tooLate: ReadonlySet<string>) => Answers = recompute,
): Promise<number> {
  const quakes = loadQuakes()
  opening(screen, quakes.length)

  const results = collected<QuakePane>()
  const late = collected<LateQuake>()
  const job = earthquakesByDay(quakes, results, late).start({ clock: arrivalClock(), batchSize: 64 })
  const began = performance.now()
  let reached = Number.NEGATIVE_INFINITY
  const show = (last: boolean): void => {
    const read = job.metrics().get('window.records') ?? 0
    const perSecond = (read / Math.max(performance.now() - began, 1)) * 1_000
    screen.status(progressLine(screen, read, quakes.length, reached, perSecond), last)
  }
  job.on('progress', ({ watermark }) => {
    reached = Number.isFinite(watermark) ? watermark : Math.max(...quakes.map((quake) => quake.at))
    show(false)
  })
  await job.done
  show(true)

  const panes = results.items.filter((pane): pane is QuakeResult => pane.kind === 'value')
  published(screen, panes, late.items)
  tooLate(screen, late.items, job.lateness().get('window')?.suggestedMs)
  life(screen, panes, late.items)
  finalResults(screen, panes)

  const refused = new Set(late.items.map(({ value }) => value.id))
  const finals = panes
    .filter((pane) => pane.isLast)
    .map(({ key, window, value }) => ({ name: nameOf(window.start, key), ...value }))
  const wrong = [...differences(finals, batch(quakes, refused)), ...lateDifferences(refused, tooLateByHand(quakes))]
  return verdict(screen, job.metrics(), finals.length, refused.size, wrong)
}

function progressLine(screen: Screen, read: number, all: number, reached: number, perSecond: number): string {
  const length = Math.min(20, screen.width - 58)
  const done = Math.round((read / all) * length)
  const bar = `${screen.paint('cyan', '━'.repeat(done))}${screen.paint('dim', '─'.repeat(length - done))}`
  const thousands = (n: number): string => Math.round(n).toLocaleString('en-US')
  return `${bar} ${thousands(read)}/${thousands(all)} · event time reached ${time(reached).trim()} · ${thousands(perSecond)} records/s`
}

function verdict(
  screen: Screen,
  metrics: ReadonlyMap<string, number>,
  compared: number,
  refused: number,
  wrong: readonly string[],
): number {
  const count = (name: string): string => (metrics.get(`window.${name}`) ?? 0).toLocaleString('en-US')
  title(screen, 'The account')
  screen.line(
    `  ${count('records')} records = ${count('filtered')} filtered (blasts, no earthquakes) + ${count('onTime')} on time + ${count('late')} late + ${count('tooLate')} too late`,
  )
  if (wrong.length === 0) {
    screen.line(
      `  ${refused} too late, all named above; the batch finds the same ${refused} by its own loop and leaves them out`,
    )
    screen.line(
      screen.paint('green', `✔ ${compared} final results compared, ${compared} equal to the batch recomputation`),
    )
    return 0
  }
  for (const difference of wrong) screen.line(`  ${difference}`)
  screen.line(
    screen.paint(
      'red',
      `✘ ${compared} final results compared, ${wrong.length} ${wrong.length === 1 ? 'difference' : 'differences'} from the batch recomputation`,
    ),
  )
  return 1
}

// Whoever reads the output may stop reading (`| head`).
if (import.meta.main) process.stdout.on('error', () => process.exit())
if (import.meta.main) process.exitCode = await demo(screenOf(process.stdout, process.env))
