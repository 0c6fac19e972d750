// What every kit is tried with: parts with one fault each, which must be found by the check that is about it.
import type { Clock } from '@tidemark/core'
import { describe, expect, test } from 'vitest'
import type { ContractCheck } from '../src/contracts/contract.ts'

/** `check`: how the name of the check begins. */
export type Fault<Make> = readonly [fault: string, make: Make, check: string]

/** Patience is over with the next turn of the event loop. */
export const impatient: Clock = {
  now: () => 0,
  wakeAt: (_, wake) => {
    const turn = setImmediate(wake)
    return () => clearImmediate(turn)
  },
}

/** `all`: the checks of a part that has everything, each of which some fault must break. */
export function faultsAreFound<Make>(
  faults: readonly Fault<Make>[],
  checksOf: (make: Make) => readonly ContractCheck[],
  all: readonly ContractCheck[],
): void {
  describe('a fault is found, by the check that is about it', () => {
    test.each(faults)(
      '%s',
      async (_, make, check) => {
        const failed: string[] = []
        for (const { name, run } of checksOf(make))
          await run().catch((error: unknown) => failed.push(`${name}: ${(error as Error).message}`))
        expect(failed.filter((line) => line.startsWith(check))).toHaveLength(1)
      },
      60_000,
    )

    test('every check can fail', () => {
      const names = all.map(({ name }) => name)
      expect(names.filter((name) => !faults.some(([, , check]) => name.startsWith(check)))).toEqual([])
    })
  })
}
