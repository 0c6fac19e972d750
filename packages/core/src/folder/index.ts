/** Node only: checkpoints in a folder, which make a job durable without a server. */
export { type FolderOptions, folder } from './folder.ts'
