import { expect, test } from 'vitest'
import { listNamespacesCall, readNamespaces } from './list-namespaces.ts'

const head = '80010002 0000000e 6c6973744e616d65737061636573 00000001'
const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')

test('the call: strict header, name, number, no arguments', () => {
  expect(listNamespacesCall.toString('hex')).toBe(
    bytes('80010001 0000000e 6c6973744e616d65737061636573 00000001 00').toString('hex'),
  )
})

test('the number of namespaces', () => {
  expect(readNamespaces(bytes(`${head} 0f 0000 0c 00000002`))).toBe(2)
})

test('an error of HBase, or of Thrift, is no answer', () => {
  expect(() => readNamespaces(bytes(`${head} 0c 0001 0b`))).toThrow(/field 1 of type 12, expected the list/)
  expect(() => readNamespaces(bytes(head.replace('80010002', '80010003')))).toThrow(
    /kind 2147549187, expected the reply/,
  )
})
