/** Owns how what goes wrong in a group is worded. */
import { StreamError, problem, show } from '@tidemark/core'

export function notOwner(group: string): StreamError {
  return new StreamError(
    'KAFKA_NOT_OWNER',
    `Committing for group '${group}': found that tasks were lost to other members, expected to own them. Drop their state: the new owner goes on from what was committed.`,
  )
}

export function fencedInstance(group: string, instance: string): StreamError {
  return problem('KAFKA_FENCED_INSTANCE', `The instance '${instance}' of group '${group}'`, {
    found: 'that another member has joined under its name',
    expected: 'one member for each name',
    remedy: 'This one stops. Give each process a name of its own, and let the old one end before a new one starts.',
  })
}

export function otherTopics(group: string, here: readonly string[], there: readonly string[]): StreamError {
  return problem('KAFKA_GROUP_TOPICS', `The members of group '${group}'`, {
    found: `one that reads ${show(there)} and one that reads ${show(here)}`,
    expected: 'that all read the same topics, since a task is the partitions of one number of all of them',
    remedy: 'Give jobs that read other topics a group of their own.',
  })
}
