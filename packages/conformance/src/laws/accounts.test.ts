/** Law 5: every record ends in exactly one place, and the counters say so, after every step. */
import { metricsOf } from '@tidemark/core'
import { play, recordsOf, scripts } from '@tidemark/testing'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { everyWayOut } from './every-way-out.ts'
import { LAW_MS, tryLaw } from './law.ts'
import { WINDOWS, anyWindows, item, shapes } from './shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

test('law 5: both equations hold after every step', () => {
  const seen = new Map<string, number>()
  tryLaw(1_500, fc.tuple(shapes(anyWindows), scripts(), fc.integer({ min: 1, max: 8 })), ([shape, script, maxKeys]) => {
    let records = 0
    const { steps, engine } = play(everyWayOut(shape, maxKeys), script, item, {
      afterStep: (at, i) => {
        const step = script.steps[i]
        if (step?.kind === 'records') records += step.records.length
        const m = (name: string): number => metricsOf(at, 0).get(`w.${name}`) ?? Number.NaN
        expect(
          m('skipped') + m('deadLettered') + m('filtered') + m('noWindow') + m('assigned'),
          `records after step ${i}`,
        ).toBe(m('records'))
        expect(m('onTime') + m('late') + m('tooLate') + m('shed'), `assignments after step ${i}`).toBe(m('assignments'))
        expect(metricsOf(at, 0).get(`${at.sources[0]?.port.name}.records`)).toBe(records)
      },
    })
    // The counters against what came out at the other ends.
    const metrics = metricsOf(engine, 0)
    expect(steps.flatMap(({ deadLetters }) => deadLetters)).toHaveLength(metrics.get('w.deadLettered') ?? -1)
    const late = steps.flatMap((step) => step.late)
    expect(late.filter(({ reason }) => reason === 'tooLate')).toHaveLength(metrics.get('w.tooLate') ?? -1)
    expect(late.filter(({ reason }) => reason === 'shed')).toHaveLength(metrics.get('w.shed') ?? -1)
    for (const name of [
      'skipped',
      'deadLettered',
      'filtered',
      'noWindow',
      'assigned',
      'onTime',
      'late',
      'tooLate',
      'shed',
    ])
      seen.set(name, (seen.get(name) ?? 0) + (metrics.get(`w.${name}`) ?? 0))
  })
  for (const [name, count] of seen) expect([name, count > 50]).toEqual([name, true])
})

test('law 5: what each record did, counted from the script', () => {
  tryLaw(
    500,
    fc.tuple(shapes(WINDOWS['tumbling'] as never, { latenessMs: [0] }), scripts({ nothingLate: true })),
    ([shape, script]) => {
      const { engine } = play(everyWayOut({ ...shape, onTime: 'nonEmpty' }, 1_000), script, item)
      const count = (...values: readonly number[]): number =>
        recordsOf(script).filter(({ value }) => values.includes(value)).length
      const metrics = Object.fromEntries([...metricsOf(engine, 0)].filter(([name]) => name.startsWith('w.')))
      const others = recordsOf(script).length - count(1, 2, 3, 4, 5, 6, 7, 8, 9, -9, -8)
      expect(metrics).toMatchObject({
        'w.records': recordsOf(script).length - count(3) + 2 * count(4),
        'w.filtered': count(1, 8),
        'w.skipped': count(2, 6),
        'w.deadLettered': count(5, 7, 9, -9, -8),
        'w.noWindow': 0,
        'w.assigned': others + 3 * count(4),
        'w.assignments': others + 3 * count(4),
        'w.tooLate': 0,
        'w.shed': 0,
      })
    },
  )
})
