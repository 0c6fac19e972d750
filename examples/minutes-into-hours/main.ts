/** Three hours of views: one hour as it is refined, and all hours at the end beside a recomputation of the same views. */
import { type LateRecord, type Pane, arrivalClock, collected, latestValues } from '@tidemark/core'
import { type Hour, minutesIntoHours } from './job.ts'
import { recompute } from './recompute.ts'
import { START, type View, views } from './views.ts'

const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 16)
const all = views()
const hours = collected<Pane<string, Hour>>()
const tooLate = collected<LateRecord<View>>()
const job = minutesIntoHours(all, { minutes: latestValues(), hours, tooLate }).start({ clock: arrivalClock() })
await job.done

console.log(`The hour of ${clock(START)} of '/docs', as it was published:`)
for (const pane of hours.items) {
  if (pane.kind !== 'value' || pane.key !== '/docs' || pane.window.start !== START) continue
  const { views: count, busiest } = pane.value
  console.log(
    `  at ${clock(pane.emittedAt)}  ${String(count).padStart(5)} views, at most ${busiest} a minute  ${pane.timing}${pane.isLast ? ', final' : ''}`,
  )
}

console.log(
  `\nAll hours at the end, and recomputed from the ${all.length - tooLate.items.length} views that were not too late:`,
)
const refused = new Set(tooLate.items.map(({ value }) => value))
const finals = new Map<string, Hour>()
for (const pane of hours.items)
  if (pane.kind === 'value' && pane.isLast) finals.set(`${pane.key} ${pane.window.start}`, pane.value)
for (const { page, hour, ...wanted } of recompute(all.filter((view) => !refused.has(view)))) {
  const found = finals.get(`${page} ${hour}`)
  const same = found?.views === wanted.views && found.busiest === wanted.busiest
  console.log(
    `  ${clock(hour)} ${page.padEnd(7)} ${String(found?.views).padStart(5)} ${String(wanted.views).padStart(5)}  ${same ? 'same' : 'DIFFERENT'}`,
  )
}

console.log(`\n${job.explain().split('\n\n').at(-1)}`)
