import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/postgres.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Many files wait for real sockets and real seconds: two at a time keep two cores busy.
    maxWorkers: 2,
    // A worker keeps what it has loaded from file to file: loading costs as much as testing. Tests share no state by modules.
    isolate: false
  }
})
