import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type Answers, differences, lateDifferences, recompute, tooLateByHand } from './batch.ts'
import { classOf, loadQuakes } from './data.ts'
import { demo } from './main.ts'
import { screenOf } from '../screen.ts'

async function run(
  batch?: (answers: Answers) => Answers,
): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  let text = ''
  const screen = screenOf(
    {
      write: (more) => {
        text += more
      },
    },
    {},
  )
  const code = await demo(screen, batch === undefined ? undefined : (quakes, late) => batch(recompute(quakes, late)))
  return { code, lines: text.trimEnd().split('\n') }
}

test('the demo shows what was temporary, final and too late, and its finals equal the batch recomputation', async () => {
  const { code, lines } = await run()
  expect(code).toBe(0)
  expect(lines.at(-1)).toBe('✔ 34 final results compared, 34 equal to the batch recomputation')
  expect(lines).toContain(
    '  1,707 records = 28 filtered (blasts, no earthquakes) + 1,347 on time + 316 late + 16 too late',
  )
  const all = lines.find((line) => line.startsWith('  all '))
  expect(all?.trim().split(/\s+/)).toEqual(['all', '84', '25', '316', '34', '1,347', '316', '16'])
  expect(lines.filter((line) => line.includes('event time reached'))).toHaveLength(1)
  expect(lines.filter((line) => line.length > 100)).toEqual([])
})

test('every record that was too late is named', async () => {
  const { lines } = await run()
  const at = lines.findIndex((line) => line.startsWith('Too late: 16 records'))
  const quakes = loadQuakes()
  const late = quakes.filter(({ id }) => tooLateByHand(quakes).has(id))
  expect(late).toHaveLength(16)
  const named = lines.slice(at + 2, at + 18)
  expect(late.filter(({ place }) => !named.some((line) => line.includes(place)))).toEqual([])
})

test('the life of one result goes through every timing', async () => {
  const { lines } = await run()
  const life = lines.slice(lines.findIndex((line) => line.startsWith('The life of one result')) + 2).slice(0, 7)
  expect(life.map((line) => /early|on-time|late|too late/.exec(line)?.[0])).toEqual([
    'early',
    'early',
    'on-time',
    'late',
    'late',
    'late',
    'too late',
  ])
  expect(life.map((line) => /temporary|FINAL|late output/.exec(line)?.[0])).toEqual([
    ...Array<string>(5).fill('temporary'),
    'FINAL',
    'late output',
  ])
})

test('a false value fails the demo', async () => {
  const falsified = await run(
    (answers) =>
      new Map(
        [...answers].map(([name, answer]) => [
          name,
          name === '2018-02-03 light' ? { ...answer, count: answer.count + 1 } : answer,
        ]),
      ),
  )
  expect(falsified.code).toBe(1)
  expect(falsified.lines.at(-1)).toBe('✘ 34 final results compared, 1 difference from the batch recomputation')
  expect(falsified.lines.at(-2)).toMatch(/2018-02-03 light: the stream says count 15, .* the batch count 16/)
})

test('the comparison finds what is missing, what is too much, and each wrong number', () => {
  const answer = { count: 2, max: 5, mean: 4.5 }
  const batch = new Map([['a', answer]])
  expect(differences([{ name: 'a', ...answer }], batch)).toEqual([])
  for (const wrong of [{ count: 3 }, { max: 4 }, { max: undefined }, { mean: 4.4 }, { mean: undefined }]) {
    expect(differences([{ name: 'a', ...answer, ...wrong }], batch)).toHaveLength(1)
  }
  expect(differences([], batch)).toHaveLength(1)
  expect(
    differences(
      [
        { name: 'a', ...answer },
        { name: 'a', ...answer },
      ],
      batch,
    ),
  ).toHaveLength(1)
  expect(
    differences(
      [
        { name: 'a', ...answer },
        { name: 'b', ...answer },
      ],
      batch,
    ),
  ).toHaveLength(1)
  expect(lateDifferences(new Set(['x']), new Set(['x']))).toEqual([])
  expect(lateDifferences(new Set(['x']), new Set(['y']))).toHaveLength(2)
})

test('classes are half-open', () => {
  const [quake] = loadQuakes()
  const of = (magnitude: number): string => classOf({ ...quake!, magnitude })
  expect([-0.8, 1.99, 2, 3.99, 4, 5, 6].map(of)).toEqual([
    'micro',
    'micro',
    'minor',
    'minor',
    'light',
    'moderate',
    'strong',
  ])
})

test('as a command: exit 0 within 5 s, no colours when piped', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const began = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@tidemark/source', main], {
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('equal to the batch recomputation')
  expect(stdout).not.toContain('\u001B')
  expect(performance.now() - began).toBeLessThan(5_000)
})

test('on a terminal: one line for the replay, written again and again; NO_COLOR is respected', async () => {
  let text = ''
  const terminal = {
    isTTY: true,
    columns: 80,
    write: (more: string) => {
      text += more
    },
  }
  expect(await demo(screenOf(terminal, {}))).toBe(0)
  expect(text.split('\r').length).toBeGreaterThan(10)
  expect(text).toContain('\u001B[32m')
  text = ''
  await demo(screenOf(terminal, { NO_COLOR: '1' }))
  expect(text.replaceAll('\u001B[K', '')).not.toContain('\u001B')
})
