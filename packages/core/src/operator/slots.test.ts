import { describe, expect, it } from 'vitest'
import { Slots } from './slots.ts'

describe('Slots', () => {
  it('finds every key in whichever Map it came to, and none that has not come', () => {
    const slots = new Slots(4)
    for (let slot = 0; slot < 11; slot++) slots.set(`k${slot}`, slot)
    for (let slot = 0; slot < 11; slot++) expect(slots.get(`k${slot}`)).toBe(slot)
    expect(slots.get('k11')).toBeUndefined()
    expect(new Slots(4).get('k0')).toBeUndefined()
  })

  it('hands ids out in the order of their slots, over the bounds of Maps', () => {
    const slots = new Slots(4)
    for (let slot = 0; slot < 11; slot++) slots.set(slot, slot)
    const read = slots.reader()
    expect([read(3), read(3), read(6), read(1)]).toEqual([[0, 1, 2], [3, 4, 5], [6, 7, 8, 9, 10], []])
    expect(slots.ids()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('takes the newest back, also where that leaves a Map empty', () => {
    const slots = new Slots(2)
    for (const [slot, id] of ['a', 'b', 'c'].entries()) slots.set(id, slot)
    slots.delete('c')
    expect(slots.get('c')).toBeUndefined()
    slots.set('d', 2)
    expect(slots.ids()).toEqual(['a', 'b', 'd'])
  })
})
