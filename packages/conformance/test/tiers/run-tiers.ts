// The process that fills both tiers and moves the boundary, killed at any moment. Says what it does, one line each.
import { type Places, openTiers } from './composed.ts'

const { tiers } = await openTiers(JSON.parse(process.argv[2] ?? '') as Places)
tiers.on('boundary', ({ boundary }) => console.log(`boundary ${boundary}`))
tiers.on('evicted', ({ upTo, cells }) => console.log(`evicted ${upTo} ${cells}`))
tiers.on('rewind', ({ shard }) => console.log(`rewind ${shard}`))
tiers.on('alarm', ({ code, message }) => console.log(`alarm ${code} ${message}`))
await tiers.run()
