/** What a job cost from the start of its process to its last result. */
export interface Cost {
  readonly wallMs: number
  readonly cpuMs: number
  readonly peakMb: number
}
