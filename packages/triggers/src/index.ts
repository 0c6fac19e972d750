/** When results come out: every policy with a name but the default, written on core's public contract only. */
export { continuousRefinement } from './continuous-refinement.ts'
export { earlyAndLate, type EarlyAndLate } from './early-and-late.ts'
export { emitOnClose } from './emit-on-close.ts'
