/** Owns the one way to say that a service cannot be had on this machine, which is no defect of the service. */

/** What is missing and what to do about it. Tests are skipped for it, loudly; whatever else is thrown fails them. */
export class ServiceUnavailable extends Error {
  override readonly name = 'ServiceUnavailable'
}

/** Tells a person what is being done that takes long. */
export type Say = (line: string) => void

/** To stderr, so that what a command prints stays apart. */
export const sayAloud: Say = (line) => {
  process.stderr.write(`services: ${line}\n`)
}
