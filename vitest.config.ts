import { defineConfig } from 'vitest/config'

const project = (name: string, testTimeout: number, extra = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: 180_000, ...extra },
})

// Lanes that drive real servers and whole processes wait for times that are the world's: their files run one after another.
const inTurn = { fileParallelism: false, sequence: { groupOrder: 1 } }
// The others mostly compute: as many at a time as a small machine has processors.
const WORKERS = 2
const beside = { maxWorkers: WORKERS }

export default defineConfig({
  test: {
    globalSetup: ['test/support/real-servers/setup.ts'],
    projects: [
      project('unit', 30_000, beside),
      project('property', 180_000, beside),
      project('simulation', 900_000, beside),
      project('contract', 60_000, beside),
      project('integration', 120_000, inTurn),
      project('e2e', 240_000, inTurn),
    ],
  },
})
