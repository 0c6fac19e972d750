import { expect, test } from 'vitest'
import { javaArgs, javaMajor } from './java.ts'

test.each([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['openjdk version "21" 2023-09-19', 21],
  ['java version "1.8.0_452"', 8],
  ['bash: java: command not found', 0],
])('the major version of %j', (version, major) => {
  expect(javaMajor(version)).toBe(major)
})

const program = { java: { command: 'java', version: '17' }, classPath: ['/a.jar', '/b.jar'], archives: undefined }
const call = { role: 'broker', heap: '64m', properties: { x: '1' }, main: 'a.Main', args: ['go'] }

test('the class path is spelled out, and what belongs to the program comes after its name', () => {
  const args = javaArgs(program, call)
  expect(args.slice(-4)).toEqual(['-cp', '/a.jar:/b.jar', 'a.Main', 'go'])
  expect(args).toContain('-Xmx64m')
  expect(args).toContain('-Dx=1')
  expect(args.filter((arg) => /Archive/.test(arg))).toEqual([])
})

test.each([
  ['read', '-XX:SharedArchiveFile=/f/broker.jsa'],
  ['write', '-XX:ArchiveClassesAtExit=/f/broker.jsa'],
] as const)('the archive of its role: %s', (mode, option) => {
  expect(javaArgs({ ...program, archives: { folder: '/f', mode } }, call)).toContain(option)
})
