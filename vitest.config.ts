import { defineConfig } from 'vitest/config'

/** What a test waits for comes soon, and on a machine that is busy with other things late: that is no failure. */
const patient = { expect: { poll: { timeout: 15_000 } } }

/** Where each kind of test lives; CONTRIBUTING.md says what belongs into which. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{server,api}/src/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/*.db.test.ts', '**/*.peer.test.ts', '**/node_modules/**', '**/dist/**'],
          testTimeout: 30_000,
          ...patient,
        },
      },
      './portal/vite.config.ts',
      {
        test: {
          name: 'db',
          include: ['server/src/**/*.db.test.ts'],
          globalSetup: ['server/vitest.global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          ...patient,
        },
      },
      {
        test: {
          name: 'peer',
          include: ['server/src/**/*.peer.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          ...patient,
        },
      },
      {
        test: {
          name: 'blackbox',
          include: ['tests/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          ...patient,
          // Each file starts servers and clients of its own; more at once only slow each other down.
          maxWorkers: 2,
        },
      },
    ],
  },
})
