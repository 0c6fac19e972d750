import { arrivalClock, collected } from '@tidemark/core'
import { loadQuakes } from './data.ts'
import { earthquakesByDay, type LateQuake, type QuakePane } from './job.ts'
const r = collected<QuakePane>(), l = collected<LateQuake>()
const p = earthquakesByDay(loadQuakes(), r, l)
console.log(p.explain())
const j = p.start({ clock: arrivalClock(), batchSize: 128 })
j.on('progress', (e) => console.log('progress', new Date(Math.min(e.watermark, 8e15)).toISOString(), j.metrics().get('replay.records')))
await j.done
console.log(j.metrics(), j.lateness())
const d = (t: number) => Number.isFinite(t) ? new Date(t).toISOString().slice(5, 16) : String(t)
for (const x of r.items) if (x.kind === 'value' && x.key === 'moderate') console.log(x.key, d(x.window.start), d(x.emittedAt), d(x.watermark), x.timing, x.index, x.isLast, x.records, x.lateRecords, x.value)
console.log(r.items.length, l.items.length, l.items[0])
