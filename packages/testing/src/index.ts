/** Testing pipelines without a broker and without waiting. */
export { type VirtualClock, virtualClock } from './virtual-clock.ts'
