import { configDefaults, defineConfig } from 'vitest/config'

// Workspace packages resolve to their sources, so a test never needs a build.
const conditions = ['@tidemark/source']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'examples/**/*.test.ts'],
    // These need real servers: vitest.services.config.ts.
    exclude: [...configDefaults.exclude, '**/*.services.test.ts'],
    // Tests say what is right, not how fast: a machine that does other things too must not fail one.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
