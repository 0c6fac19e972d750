/**
 * What an aggregate yields that has nothing to show: no pane comes, and what stands published is withdrawn. For
 * windows whose contents can be deleted.
 */
export const NOTHING: unique symbol = Symbol('nothing')
