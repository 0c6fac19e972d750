/**
 * Two serving layers, one answer: recent results from a hot store, old ones from a cold store, both filled from one
 * committed log of results.
 */
export { type ColdWrites, continuously, every } from './cold-writes.ts'
