/** The first minute: one window with early, on-time and late panes. No broker, and no clock but the records' own. */
import { boundedOutOfOrderness, forEach, pipeline, tumbling } from '@tidemark/core'
import { continuousRefinement } from '@tidemark/triggers'

const views = [5, 30, 70, 55].map((second) => ({ page: '/home', at: second * 1_000 }))   // 55 s comes after 70 s

const job = pipeline('first-minute')
  .from(views)
  .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('5s') })
  .keyBy((view) => view.page)
  .window(tumbling('1m'), { trigger: continuousRefinement({ completion: true }), allowedLateness: '10m', closing: 'always' })
  .count()
  .to(forEach((pane) => {
    if (pane.kind !== 'value') return
    console.log(`${pane.key} minute ${pane.window.start / 60_000}: ${pane.value}  ${pane.timing}, ${pane.isLast ? 'final' : 'temporary'}`)
  }))
  .start()
await job.done
