/** Owns how an instance is shown to a person. */
import type { InstanceRecord } from '../instance/instance.ts'

export function described({ name, kind, kept, owner, facts }: InstanceRecord): string {
  const title = name === kind ? name : `${name} (${kind})`
  const whose = kept ? '' : `, of process ${owner.pid}, with which it ends`
  const lines = Object.entries(facts).map(([fact, value]) => `  ${fact.padEnd(width)}  ${value}`)
  return [`${title}${whose}${lines.length === 0 ? ': not ready yet' : ''}`, ...lines].join('\n')
}

const width = 20
