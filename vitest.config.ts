import { defineConfig } from 'vitest/config'

/** Where each kind of test lives; CONTRIBUTING.md says what belongs into which. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{server,api}/src/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/*.db.test.ts', '**/*.peer.test.ts', '**/node_modules/**', '**/dist/**'],
        },
      },
      './portal/vite.config.ts',
      {
        test: {
          name: 'db',
          include: ['server/src/**/*.db.test.ts'],
          globalSetup: ['server/vitest.global-setup.ts'],
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'peer',
          include: ['server/src/**/*.peer.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'blackbox',
          include: ['tests/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Each file starts servers and clients of its own; more at once only slow each other down.
          maxWorkers: 2,
        },
      },
    ],
  },
})
