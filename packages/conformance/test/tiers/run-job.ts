// The process that runs the job, killed at any moment: what it has read, knows and owes is in a folder.
import { folder } from '@tidemark/core/folder'
import { type Places, pageStats } from './composed.ts'

const [places = '', path = ''] = process.argv.slice(2)
await pageStats(JSON.parse(places) as Places).start({ checkpoint: folder(path, { every: '100ms' }) }).done
