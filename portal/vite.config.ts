import { readFileSync } from 'node:fs'
import react from '@vitejs/plugin-react'
import { defineProject } from 'vitest/config'

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** Builds the portal into dist/, where the server finds it; `vite` alone serves it over a running server. */
export default defineProject({
  plugins: [react()],
  define: { PORTOLAN_VERSION: JSON.stringify(version) },
  build: { chunkSizeWarningLimit: 1000 },
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
  test: {
    name: 'portal',
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/testing/setup.ts'],
    testTimeout: 60_000,
  },
})
