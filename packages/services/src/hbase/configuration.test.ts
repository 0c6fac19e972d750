import { expect, test } from 'vitest'
import { hbaseConfiguration, hbaseProperties } from './configuration.ts'

test('every property that the configuration asks for is given at the start', () => {
  const given = hbaseProperties('/f', { zooKeeper: 1, master: 2, regionServer: 3 }, '/l', true)
  const texts = Object.values(hbaseConfiguration()).join('\n')
  const asked = new Set([...texts.matchAll(/\$\{(?:sys:)?(test\.[a-z.]+)\}/g)].map(([, name]) => name!))
  expect([...asked].toSorted()).toEqual(Object.keys(given).toSorted())
})
