/** Ten lines of a log, and what becomes of each. */
import { type Pane, forEach } from '@tidemark/core'
import { shop } from './job.ts'

const log = [
  'ann 09:05 0',
  'ann 09:20 1990',
  'bob 09:30 0',
  'ann 09:50 500',
  'eve 9.55h free', // no click at all: a dead letter
  'bob 10:30 2500',
  'ann 11:15 700',
  'bob 10:05 300', // late, but still taken by both: his second visit begins earlier, his hour is corrected
  'ann 13:00 0',
  'ann 10:10 900', // too late for a visit, which was final, but not for the hour, which is corrected
]

const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 16)
const say = (what: string, text: string): void => console.log(`${what.padEnd(12)} ${text}`)
const span = ({ key, window }: Pane<string, unknown>): string => `${key} [${clock(window.start)}, ${clock(window.end)})`

const job = shop(log, {
  visits: forEach((pane) => {
    if (pane.kind === 'value') say('visit', `${span(pane)} ${pane.value.clicks} clicks, ${pane.value.cents} cents`)
  }),
  hours: forEach((pane) => {
    if (pane.kind === 'value')
      say('hour', `${span(pane)} ${pane.value} cents, ${pane.timing}${pane.isLast ? ', final' : ''}`)
  }),
  tooLate: forEach(({ value, window, latenessMs }) => {
    say(
      'too late',
      `${value.customer} ${clock(value.at)}: its visit [${clock(window?.start ?? 0)}, …) ended ${latenessMs / 60_000} minutes ago`,
    )
  }),
  deadLetters: forEach(({ original, code, stage }) =>
    say('dead letter', `'${String(original)}' (${code} at ${stage})`),
  ),
}).start({ batchSize: 1 }) // so that what is said comes line by line; results do not depend on it
await job.done
for (const name of ['visits', 'hours']) {
  const count = (what: string): number => job.metrics().get(`${name}.${what}`) ?? 0
  say(
    'account',
    `${name}: ${count('records')} lines = ${count('deadLettered')} dead letter + ${count('onTime')} on time + ${count('late')} late + ${count('tooLate')} too late`,
  )
}
