import { describe, expect, test } from 'vitest'
import { type Machine, whyNot } from './tools.ts'

const debian: Machine = { linux: true, root: true, has: () => true }

describe('why a service cannot be had, in plain words', () => {
  test('nothing is missing, or root can install it', () => {
    expect(whyNot([], { ...debian, root: false })).toBeUndefined()
    expect(whyNot(['java', 'mvn'], debian)).toBeUndefined()
  })

  test.each([
    [['java', 'mvn'], { root: false }, /^Java 17 to 23 and Maven not found, and only root may install packages\./],
    [['java', 'mvn'], { root: false }, /apt-get install openjdk-17-jre-headless maven\)\.$/],
    [['redis-server'], { has: (name: string) => name !== 'apt-get' }, /^Redis 7 or newer not found, .* no apt-get/],
    [[], { has: (name: string) => name !== 'setpriv' }, /^setpriv is missing: it is part of util-linux\.$/],
    [[], { linux: false }, /^The services run on Linux only\.$/],
  ] as const)('%j %j', (missing, machine, says) => {
    expect(whyNot(missing, { ...debian, ...machine })).toMatch(says)
  })
})
