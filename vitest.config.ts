import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/postgres.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Many files wait for real sockets and real seconds: two at a time keep two cores busy.
    maxWorkers: 2
  }
})
