import { configDefaults, defineConfig } from 'vitest/config'

// Workspace packages resolve to their sources, so a test never needs a build.
const conditions = ['@tidemark/source']
const conformance = 'packages/conformance/src'

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // These need real servers: vitest.services.config.ts.
    exclude: [...configDefaults.exclude, '**/*.services.test.ts'],
    // Tests say what is right, not how fast: a machine that does other things too must not fail one.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'examples/**/*.test.ts'],
        },
      },
      {
        // What the engine does is the same where no code may be made from text.
        extends: true,
        test: {
          name: 'no code from text',
          include: [`${conformance}/engine/*.test.ts`, `${conformance}/{tables,vectors}.test.ts`],
          execArgv: ['--disallow-code-generation-from-strings'],
        },
      },
    ],
  },
})
