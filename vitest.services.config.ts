import { defineConfig } from 'vitest/config'

// Tests against real services, `npm run test:services`. They install what they need, so `npm test` leaves them out.
const conditions = ['@tidemark/source']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/**/*.services.test.ts', 'examples/**/*.services.test.ts'],
    globalSetup: ['packages/services/src/testing/skips.ts'],
    // One file at a time: each starts several servers, and a machine may have two cores.
    fileParallelism: false,
    // A quiet machine needs seconds; the limits are for one that does other things too.
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
})
